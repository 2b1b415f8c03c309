-- The tables as they are at first. Money is numeric, in an asset's smallest unit; ids, ticks, lots and times (ms since
-- 1970 UTC) are bigint. Keys made of text sort by code point (collate "C"): the order of the in-memory twin, and no
-- index that a new version of the system's locales could break. There are no foreign keys and no checks: the ledger
-- has decided before it commits, and what it writes must not fail.

-- One commit a row: the outbox and the audit trail. Bodies are read whole and are too short-lived in the cache to be
-- worth compressing on the commit's way.
create table journal (
    sequence bigint primary key,
    now_ms   bigint not null,
    body     bytea  not null,
    hash     bytea  not null
);
alter table journal alter column body set storage external;

-- What an order asked for, then how it stands. What is held for it is in its row of `freezes`.
create table orders (
    order_id              bigint  primary key,
    account_id            bigint  not null,
    market_id             bigint  not null,
    client_order_id       text    collate "C",
    side                  text    not null,
    type                  text    not null,
    time_in_force         text    not null,
    post_only             boolean not null,
    self_trade_prevention text    not null,
    price_ticks           bigint,
    quantity_lots         bigint,
    amount                numeric,
    priority              bigint  not null,
    created_ms            bigint  not null,
    state                 text    not null,
    filled_lots           bigint  not null,
    filled_value          numeric not null,
    cancelled_lots        bigint  not null,
    fee                   numeric not null,
    fee_parts             numeric not null,
    updated_ms            bigint  not null
);
create unique index orders_client_order_id on orders (account_id, client_order_id) where client_order_id is not null;
create index orders_account on orders (account_id, order_id);
create index orders_market on orders (market_id, order_id);
create index orders_open_market on orders (market_id, priority) where state in ('new', 'partially_filled');
create index orders_open_account on orders (account_id, order_id) where state in ('new', 'partially_filled');

create table trades (
    trade_id      bigint  primary key,
    market_id     bigint  not null,
    number        bigint  not null,
    price_ticks   bigint  not null,
    quantity_lots bigint  not null,
    value         numeric not null,
    taker_side    text    not null,
    buy_order_id  bigint  not null,
    sell_order_id bigint  not null,
    buyer_id      bigint  not null,
    seller_id     bigint  not null,
    buy_fee       numeric not null,
    sell_fee      numeric not null,
    created_ms    bigint  not null
);
create index trades_market on trades (market_id, trade_id);
create index trades_buyer on trades (buyer_id, trade_id);
create index trades_seller on trades (seller_id, trade_id);

-- Every movement of an account's total: before + amount = after.
create table assets_logs (
    log_id      bigint  primary key,
    account_id  bigint  not null,
    asset       text    not null,
    trans_id    text    not null,
    change_type text    not null,
    amount      numeric not null,
    before      numeric not null,
    after       numeric not null,
    created_ms  bigint  not null
);
create index assets_logs_account on assets_logs (account_id, log_id);

-- What is still held for an order; freeze_id is the order's id. Each is rewritten at least once, when the hold ends:
-- room on its page lets that happen beside it, without touching the indexes.
create table freezes (
    freeze_id  bigint  primary key,
    account_id bigint  not null,
    asset      text    not null,
    amount     numeric not null,
    trans_id   text    not null,
    created_ms bigint  not null,
    updated_ms bigint  not null
) with (fillfactor = 70);
create index freezes_account on freezes (account_id, freeze_id);

-- What an account owns, and how much of that is held; rewritten again and again.
create table assets (
    account_id bigint  not null,
    asset      text    collate "C" not null,
    total      numeric not null,
    held       numeric not null,
    primary key (account_id, asset)
) with (fillfactor = 50);

-- Conservation: every total is zero.
create view trial_balance as
    select asset, sum(total) as total, sum(held) as held from assets group by asset;

create table markets (
    market_id        bigint primary key,
    product          text   not null,
    name             text   not null,
    definition       bytea  not null,
    created_ms       bigint not null,
    state            text   not null,
    sequence         bigint not null,
    trades           bigint not null,
    last_price_ticks bigint
) with (fillfactor = 50);

-- A deposit, withdrawal or transfer under the customer's own id, for ever.
create table transactions (
    account_id      bigint  not null,
    trans_id        text    collate "C" not null,
    kind            text    not null,
    asset           text    not null,
    amount          numeric not null,
    counterparty_id bigint  not null,
    balance         numeric not null,
    created_ms      bigint  not null,
    primary key (account_id, trans_id)
);

-- After this commit, the stream `channel` stood at `last_seq`: the way from a stream's number to the journal.
create table channel_index (
    channel          text   collate "C" not null,
    last_seq         bigint not null,
    journal_sequence bigint not null,
    primary key (channel, last_seq)
);

create table users (
    user_id       bigint generated always as identity primary key,
    username      text   not null,
    email         text   not null,
    password_hash text   not null,
    role          text   not null,
    state         text   not null default 'active',
    created_ms    bigint not null,
    last_login_ms bigint
);
-- In "C", lower() folds ASCII letters only, wherever the database was made.
create unique index users_username on users (lower(username collate "C"));

create table admin_actions (
    action_id  bigint generated always as identity primary key,
    admin_id   bigint not null,
    action     text   not null,
    target     text   not null,
    details    text   not null,
    created_ms bigint not null
);

-- Tokens that were logged out before they expired.
create table revoked_tokens (
    jti        text   collate "C" primary key,
    expires_ms bigint not null
);
