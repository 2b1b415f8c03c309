-- What prediction markets add. New columns go last, in the order of the records: the commit inserts whole rows.

alter table orders add column outcome text;
alter table trades add column kind text;
alter table markets add column standing bytea not null default '';

-- Lists of a product's markets, newest first, of all or of those in one state. A row that only counts on is still
-- rewritten in its place: none of these columns changes with an order.
create index markets_product on markets (product, market_id);
create index markets_product_state on markets (product, state, market_id);

-- The course of a market's price. An order's trades may share a time: their ids say which was last.
create index trades_market_time on trades (market_id, created_ms, trade_id);

-- What an account has in a market: its shares, what they have cost, what became of them. Rewritten again and again.
create table positions (
    market_id   bigint  not null,
    account_id  bigint  not null,
    yes         bigint  not null,
    no          bigint  not null,
    yes_cost    numeric not null,
    no_cost     numeric not null,
    realized    numeric not null,
    fees        numeric not null,
    payout      numeric,
    refund      numeric not null,
    payout_held numeric not null,
    primary key (market_id, account_id)
) with (fillfactor = 50);
create index positions_account on positions (account_id, market_id);

-- What became of each order of the market maker; sequence is that of the market's event.
create table maker_audit (
    market_id     bigint not null,
    sequence      bigint not null,
    event_type    text   not null,
    status        text   not null,
    order_id      bigint not null,
    outcome       text   not null,
    side          text   not null,
    price_ticks   bigint not null,
    quantity_lots bigint not null,
    created_ms    bigint not null,
    primary key (market_id, sequence)
);

-- How the market maker is to quote in a market, as JSON.
create table market_makers (
    market_id  bigint primary key,
    settings   text   not null,
    updated_ms bigint not null
);
