"""Fills the shelves of the boxes that sell most, every few seconds, in one transaction."""

import logging
import random
import time

import psycopg

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s [%(name)s] %(message)s", filename="/srv/log/restock.log")
log = logging.getLogger("restock")
log.info("restock starts")
while True:
    try:
        with psycopg.connect("host=127.0.0.1 port=5433 dbname=shop user=shop connect_timeout=3") as db:
            products = random.sample(range(1, 9), 6)
            for product in products:
                (stock,) = db.execute(
                    "UPDATE products SET stock = stock + 25 WHERE id = %s RETURNING stock", (product,)
                ).fetchone()
                time.sleep(0.08)
                if stock < 60:
                    log.warning("product %d is nearly sold out, %d left after restocking", product, stock)
        log.info("restocked %d products", len(products))
    except psycopg.errors.DeadlockDetected as error:
        log.error("restocking rolled back: %s", error)
    except psycopg.Error:
        log.exception("restocking failed")
    time.sleep(random.uniform(3, 6))
