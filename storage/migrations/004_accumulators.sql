-- What accumulators add: bets on several matches at once.

-- An accumulator, then what it was paid: null while it is open, 0 if it was lost. A closing takes it out of the index of
-- the open ones, so it can't be written beside its row's older version: no room is left for that.
create table accumulators (
    bet_id        bigint  primary key,
    account_id    bigint  not null,
    market_id     bigint  not null,
    client_bet_id text    collate "C",
    stake         numeric not null,
    accept        text    not null,
    max_payout    numeric not null,
    created_ms    bigint  not null,
    tx_hash       text    not null,
    payout        numeric,
    claim_tx_hash text,
    closed_ms     bigint
);
create unique index accumulators_client_bet_id on accumulators (account_id, client_bet_id)
    where client_bet_id is not null;
create index accumulators_account on accumulators (account_id, bet_id);
create index accumulators_open on accumulators (market_id, bet_id) where payout is null;

-- What an accumulator is on: its legs are written with it, and never again. Whether one has won stands with its option.
create table accumulator_legs (
    bet_id        bigint  not null,
    leg           bigint  not null,
    market_id     bigint  not null,
    option_number bigint  not null,
    odds          bigint  not null,
    odds_asked    bigint  not null,
    primary key (bet_id, leg)
);
-- From an option to the accumulators that stand on it.
create index accumulator_legs_option on accumulator_legs (market_id, option_number);

-- A leg with its option's result. Looked up leg by leg: joined, tables that were never analyzed may be read whole for
-- each accumulator.
create view legs as
    select accumulator_legs.*, (
        select result from options where options.market_id = accumulator_legs.market_id and number = option_number
    ) as result
    from accumulator_legs;
