-- The one statement that makes an entry durable: one round trip, one implicit transaction.
--
--   $1 .. $4   the journal's row: sequence, now_ms, body, hash
--   $5 .. $20  the other parts, each a JSON array of objects whose keys are the columns (a key without a column, such
--              as an order's `held` or a bet's `result`, is passed over)
--   $21        how many rows each of the sixteen parts has
--
-- The last lines divide by zero, which undoes all of it, unless the journal stood right before this entry and each part
-- touched as many rows as were sent. JSON, because one encoder makes it of the records as they are: beside one array a
-- column it costs Python a fifth and PostgreSQL no more (ARCHITECTURE.md has the measurement).
with
new_journal as (
    insert into journal (sequence, now_ms, body, hash)
    values ($1::bigint, $2::bigint, $3::bytea, $4::bytea)
),
new_orders as (
    insert into orders
    select * from json_populate_recordset(null::orders, $5::json)
    returning 1
),
changed_orders as (
    update orders
    set state = change.state,
        filled_lots = change.filled_lots,
        filled_value = change.filled_value,
        cancelled_lots = change.cancelled_lots,
        fee = change.fee,
        fee_parts = change.fee_parts,
        updated_ms = change.updated_ms
    from json_to_recordset($6::json) as change (
        order_id bigint, state text, filled_lots bigint, filled_value numeric, cancelled_lots bigint,
        fee numeric, fee_parts numeric, updated_ms bigint
    )
    where orders.order_id = change.order_id
    returning 1
),
new_trades as (
    insert into trades
    select * from json_populate_recordset(null::trades, $7::json)
    returning 1
),
new_asset_logs as (
    insert into assets_logs
    select * from json_populate_recordset(null::assets_logs, $8::json)
    returning 1
),
written_freezes as (
    insert into freezes
    select * from json_populate_recordset(null::freezes, $9::json)
    on conflict (freeze_id) do update set amount = excluded.amount, updated_ms = excluded.updated_ms
    returning 1
),
written_balances as (
    insert into assets
    select * from json_populate_recordset(null::assets, $10::json)
    on conflict (account_id, asset) do update set total = excluded.total, held = excluded.held
    returning 1
),
written_markets as (
    insert into markets
    select market_id, product, name, decode(definition, 'base64'), created_ms,
           state, sequence, trades, last_price_ticks, decode(standing, 'base64')
    from json_to_recordset($11::json) as market (
        market_id bigint, product text, name text, definition text, created_ms bigint,
        state text, sequence bigint, trades bigint, last_price_ticks bigint, standing text
    )
    on conflict (market_id) do update
    set state = excluded.state,
        sequence = excluded.sequence,
        trades = excluded.trades,
        last_price_ticks = excluded.last_price_ticks,
        standing = excluded.standing
    returning 1
),
new_transactions as (
    insert into transactions
    select * from json_populate_recordset(null::transactions, $12::json)
    returning 1
),
new_channels as (
    insert into channel_index
    select channel, last_seq, $1 from json_to_recordset($13::json) as stream (channel text, last_seq bigint)
    returning 1
),
written_positions as (
    insert into positions
    select * from json_populate_recordset(null::positions, $14::json)
    on conflict (market_id, account_id) do update
    set yes = excluded.yes,
        no = excluded.no,
        yes_cost = excluded.yes_cost,
        no_cost = excluded.no_cost,
        realized = excluded.realized,
        fees = excluded.fees,
        payout = excluded.payout,
        refund = excluded.refund,
        payout_held = excluded.payout_held
    returning 1
),
new_maker_audit as (
    insert into maker_audit
    select * from json_populate_recordset(null::maker_audit, $15::json)
    returning 1
),
written_bets as (
    insert into bets
    select * from json_populate_recordset(null::bets, $16::json)
    on conflict (bet_id) do update
    set payout = excluded.payout, claim_tx_hash = excluded.claim_tx_hash, claimed_ms = excluded.claimed_ms
    returning 1
),
written_options as (
    insert into options
    select * from json_populate_recordset(null::options, $17::json)
    on conflict (market_id, number) do update
    set odds = excluded.odds, offered = excluded.offered, result = excluded.result
    returning 1
),
new_admin_actions as (
    insert into admin_actions (admin_id, action, target, details, created_ms)
    select * from json_to_recordset($18::json) as noted (
        admin_id bigint, action text, target text, details text, created_ms bigint
    )
    returning 1
),
written_accumulators as (
    insert into accumulators
    select * from json_populate_recordset(null::accumulators, $19::json)
    on conflict (bet_id) do update
    set payout = excluded.payout, claim_tx_hash = excluded.claim_tx_hash, closed_ms = excluded.closed_ms
    returning 1
),
new_legs as (
    insert into accumulator_legs
    select * from json_populate_recordset(null::accumulator_legs, $20::json)
    returning 1
)
select 1 / (
    (select coalesce(max(sequence), 0) from journal) = $1 - 1
    and array[
        (select count(*) from new_orders),
        (select count(*) from changed_orders),
        (select count(*) from new_trades),
        (select count(*) from new_asset_logs),
        (select count(*) from written_freezes),
        (select count(*) from written_balances),
        (select count(*) from written_markets),
        (select count(*) from new_transactions),
        (select count(*) from new_channels),
        (select count(*) from written_positions),
        (select count(*) from new_maker_audit),
        (select count(*) from written_bets),
        (select count(*) from written_options),
        (select count(*) from new_admin_actions),
        (select count(*) from written_accumulators),
        (select count(*) from new_legs)
    ] = $21::bigint[]
)::int
