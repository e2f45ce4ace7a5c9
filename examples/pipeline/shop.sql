CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(12, 2), placed timestamptz NOT NULL);
INSERT INTO orders SELECT n, n * 1.5, now() - n * interval '1 hour' FROM generate_series(1, 1000) AS n;
