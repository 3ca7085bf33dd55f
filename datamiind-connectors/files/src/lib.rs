//! Files as a source: CSV, NDJSON, Parquet, Arrow IPC and Avro, local or in an object store.
