"""Who somebody is and what they may do: passwords, wallets, tokens, sessions, roles."""
