CREATE TABLE customers (id serial PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE products (id int PRIMARY KEY, name text NOT NULL, price numeric NOT NULL, stock int NOT NULL CHECK (stock >= 0));
CREATE TABLE orders (id serial PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, total numeric NOT NULL,
                     created_at timestamptz NOT NULL DEFAULT now());
INSERT INTO customers (email) SELECT 'customer' || n || '@mail.example' FROM generate_series(1, 400) n;
INSERT INTO products SELECT n, (ARRAY['Banana','Mango','Papaya','Guava','Lychee'])[n % 5 + 1] || ' box ' || n, 2 + n * 7 % 90, 400
  FROM generate_series(1, 200) n;
INSERT INTO orders (customer_id, total) SELECT 1 + n % 400, 5 + n * 13 % 300 FROM generate_series(1, 3000) n;
