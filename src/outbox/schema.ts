/**
 * The tables of the store, by version. A migration is never changed once it was released; a new one is added.
 * All times are epoch milliseconds; all bodies are JSON.
 */
export const MIGRATIONS: string[] = [
  `
  -- One row a server: the lifecycle's state, opaque here.
  CREATE TABLE state (server TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
  -- One row a source: how far its input has been read.
  CREATE TABLE position (source TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    body TEXT NOT NULL
  );
  CREATE INDEX event_by_time ON event (stored_at);
  -- One row for each event and each endpoint that is to have it.
  CREATE TABLE delivery (
    id TEXT PRIMARY KEY,
    event_id TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    -- waiting, sending, delivered, dead, expired, dropped
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    ended_at INTEGER,
    body TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX delivery_by_state ON delivery (state, due_at);
  CREATE INDEX delivery_by_event ON delivery (event_id);
  -- One row a try: its intent first, its outcome after.
  CREATE TABLE attempt (
    delivery_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (delivery_id, number)
  ) WITHOUT ROWID;
  -- One row an endpoint: since when it fails, whether it is paused.
  CREATE TABLE endpoint (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
  `,
]
