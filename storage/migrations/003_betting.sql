-- What betting and wallets add.

-- A bet, then what was claimed for it. Whether it has won stands with its option.
create table bets (
    bet_id        bigint  primary key,
    account_id    bigint  not null,
    market_id     bigint  not null,
    client_bet_id text    collate "C",
    option_number bigint  not null,
    stake         numeric not null,
    odds          bigint  not null,
    odds_asked    bigint  not null,
    accept        text    not null,
    created_ms    bigint  not null,
    tx_hash       text    not null,
    payout        numeric,
    claim_tx_hash text,
    claimed_ms    bigint
);
create unique index bets_client_bet_id on bets (account_id, client_bet_id) where client_bet_id is not null;
create index bets_account on bets (account_id, bet_id);
create index bets_market on bets (market_id, bet_id);

-- A start reads the bets that may still be paid, option by option, and counts those that were. A claim moves its bet
-- from the one index to the other, so it can't be written beside its row's older version: no room is left for that.
create index bets_unclaimed on bets (market_id, option_number) where payout is null;
create index bets_claimed on bets (market_id, option_number) where payout is not null;

-- One thing to bet on in a match; "group" is a word of SQL, so options that exclude each other share a group_number.
create table options (
    market_id     bigint  not null,
    number        bigint  not null,
    group_number  bigint  not null,
    kind          text    not null,
    pick          text    not null,
    has_draw      boolean not null,
    line_quarters bigint,
    odds          bigint  not null,
    offered       boolean not null,
    result        text,
    primary key (market_id, number)
) with (fillfactor = 70);

-- A user has a name with a password, a wallet, or both. Addresses are kept in lower case.
alter table users alter column username drop not null;
alter table users alter column email drop not null;
alter table users alter column password_hash drop not null;
alter table users add column address text collate "C";
create unique index users_address on users (address) where address is not null;
