"""The shop's web service: orders, customers, search and a daily report, logging JSON lines."""

import json
import logging
import os
import random
import sys
import time
import uuid
from datetime import datetime, timezone

import psycopg
import redis
from flask import Flask, g, jsonify, request
from werkzeug.exceptions import HTTPException

DSN = os.environ.get("SHOP_DSN", "host=127.0.0.1 port=5433 dbname=shop user=shop connect_timeout=3")
cache = redis.Redis(port=6380, socket_timeout=1, decode_responses=True)
RELEASE = os.environ.get("SHOP_RELEASE", "2.3.0")


class JsonLines(logging.Formatter):
    def format(self, record):
        row = {
            "timestamp": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        row.update(getattr(record, "fields", {}))
        if record.exc_info:
            row["exception"] = self.formatException(record.exc_info)
        return json.dumps(row)


handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(JsonLines())
logging.basicConfig(level=logging.INFO, handlers=[handler])
orders_log = logging.getLogger("shop.orders")
catalog_log = logging.getLogger("shop.catalog")
cache_log = logging.getLogger("shop.cache")
http_log = logging.getLogger("shop.http")
app = Flask(__name__)


def say(log, level, message, *args, exc_info=False, **fields):
    log.log(level, message, *args, exc_info=exc_info, extra={"fields": {"request_id": g.request_id, **fields}})


@app.before_request
def begin():
    g.request_id = uuid.uuid4().hex[:8]
    g.began = time.monotonic()


@app.after_request
def end(response):
    took = round((time.monotonic() - g.began) * 1000)
    if request.path != "/healthz":
        say(http_log, logging.INFO, "%s %s %d", request.method, request.path, response.status_code, duration_ms=took)
    if took > 2000:
        say(http_log, logging.WARNING, "slow request %s took %d ms", request.path, took)
    return response


@app.errorhandler(HTTPException)
def refused(error):
    return jsonify(error=error.name), error.code


@app.errorhandler(psycopg.OperationalError)
def database_down(error):
    say(http_log, logging.ERROR, "database unavailable", exc_info=True)
    return jsonify(error="database unavailable"), 503


@app.errorhandler(Exception)
def broken(error):
    say(http_log, logging.ERROR, "unhandled %s in %s", type(error).__name__, request.endpoint, exc_info=True)
    return jsonify(error="internal error"), 500


def cached(key, load, seconds=20):
    try:
        value = cache.get(key)
        if value is not None:
            return json.loads(value)
    except redis.RedisError as error:
        say(cache_log, logging.WARNING, "cache read of %s failed: %s", key, error)
    value = load()
    try:
        cache.set(key, json.dumps(value), ex=seconds)
    except redis.RedisError as error:
        say(cache_log, logging.WARNING, "cache write of %s failed: %s", key, error)
    return value


@app.get("/products/<int:number>")
def product(number):
    def load():
        with psycopg.connect(DSN) as db:
            row = db.execute("SELECT id, name, price::float, stock FROM products WHERE id = %s", (number,)).fetchone()
        return row and dict(zip(("id", "name", "price", "stock"), row))

    found = cached(f"product:{number}", load)
    if found is None:
        say(catalog_log, logging.WARNING, "product %d not found", number)
        return jsonify(error="no such product"), 404
    return jsonify(found)


@app.get("/search")
def search():
    words = request.args["q"]
    with psycopg.connect(DSN) as db:
        rows = db.execute(f"SELECT id, name FROM products WHERE name ILIKE '{words}%' LIMIT 20").fetchall()
    return jsonify([{"id": i, "name": name} for i, name in rows])


@app.post("/customers")
def customer():
    email = request.get_json()["email"]
    try:
        with psycopg.connect(DSN) as db:
            (number,) = db.execute("INSERT INTO customers (email) VALUES (%s) RETURNING id", (email,)).fetchone()
    except psycopg.errors.UniqueViolation:
        say(orders_log, logging.WARNING, "customer %s exists already", email)
        return jsonify(error="exists"), 409
    say(orders_log, logging.INFO, "customer %d registered", number)
    return jsonify(id=number), 201


def discount(code, total):
    if not code:
        return 0.0
    rules = {"SPRING10": (10, 4), "WELCOME5": (5, 2), "VIP": (20, 0)}
    percent, share_between = rules[code]
    return total * percent / 100 / share_between


@app.post("/orders")
def order():
    wanted = request.get_json()
    total = 0.0
    try:
        with psycopg.connect(DSN) as db:
            for line in wanted["lines"]:
                row = db.execute(
                    "UPDATE products SET stock = stock - %s WHERE id = %s RETURNING price::float, stock",
                    (line["quantity"], line["product"]),
                ).fetchone()
                time.sleep(random.uniform(0.01, 0.06))  # the payment provider's answer
                total += row[0] * line["quantity"]
                if row[1] < 10:
                    say(orders_log, logging.WARNING, "stock of product %d is low: %d left", line["product"], row[1])
            total -= discount(wanted.get("coupon"), total)
            (number,) = db.execute(
                "INSERT INTO orders (customer_id, total) VALUES (%s, %s) RETURNING id", (wanted["customer"], total)
            ).fetchone()
    except psycopg.errors.CheckViolation:
        say(orders_log, logging.WARNING, "order of customer %d refused: out of stock", wanted["customer"])
        return jsonify(error="out of stock"), 409
    except psycopg.errors.ForeignKeyViolation:
        say(orders_log, logging.WARNING, "order refused: customer %d is unknown", wanted["customer"])
        return jsonify(error="unknown customer"), 422
    say(orders_log, logging.INFO, "order %d placed by customer %d", number, wanted["customer"], total=round(total, 2))
    if RELEASE >= "2.4.0" and number % 7 == 0:
        say(orders_log, logging.WARNING, "gift wrap service answered 429, order %d goes out unwrapped", number)
    try:
        cache.lpush("invoices", f"{number}|{total:,.2f}")
        cache.lpush("mails", f"{number}|{wanted['customer']}")
    except redis.RedisError as error:
        say(cache_log, logging.ERROR, "order %d could not be queued: %s", number, error)
    return jsonify(id=number, total=total), 201


@app.get("/reports/daily")
def report():
    with psycopg.connect(DSN) as db:
        rows = db.execute(
            "SELECT a.customer_id, count(*), sum(b.total)::float FROM orders a JOIN orders b "
            "ON a.customer_id % 10 = b.customer_id % 10 AND a.total > b.total GROUP BY 1 ORDER BY 3 DESC LIMIT 10"
        ).fetchall()
    return jsonify([{"customer": c, "orders": n, "total": t} for c, n, t in rows])


@app.get("/healthz")
def health():
    with psycopg.connect(DSN) as db:
        db.execute("SELECT 1")
    return jsonify(status="ok", release=RELEASE)
