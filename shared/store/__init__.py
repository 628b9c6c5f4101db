"""Where a fleet's state lives: one partition a fleet, one request to read it, one atomic batch to move it on.

`table_store` is the store that the engine talks to, over the few things that it asks of a table (`tables`).
`claim` says what a decision writes, `rows` how a value becomes a row, `audit` and `outbox` what is kept and
announced; all four are pure. `decoded` remembers what was read a moment ago. `azure_tables` is Azure Table
Storage. docs/state.md is the map.
"""
