-- What the demonstration's database holds. Yours goes in its place.
CREATE SCHEMA shop;
CREATE TABLE shop.customers (
  id integer PRIMARY KEY,
  name text NOT NULL,
  email text NOT NULL
);
CREATE TABLE shop.orders (
  id integer PRIMARY KEY,
  customer_id integer NOT NULL REFERENCES shop.customers,
  placed_on date NOT NULL,
  total numeric(10, 2) NOT NULL
);
INSERT INTO shop.customers VALUES
  (1, 'Ada Lovelace', 'ada@example.com'),
  (2, 'Grace Hopper', 'grace@example.com'),
  (3, 'Edsger Dijkstra', 'edsger@example.com');
INSERT INTO shop.orders VALUES
  (1, 1, '2026-01-10', 120.00),
  (2, 1, '2026-02-20', 80.50),
  (3, 2, '2026-03-05', 999.99),
  (4, 3, '2026-03-06', 15.25);
