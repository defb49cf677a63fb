"""Customers, a crawler and a scanner: real requests from 127.0.0.x, their number rising and falling."""

import asyncio
import json
import math
import random
import sys
import time

SECONDS = int(sys.argv[1])
AGENTS = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "ShopApp/5.2 (Android 15)",
]
SCANNED = ["/wp-login.php", "/.env", "/phpmyadmin/index.php", "/cgi-bin/luci", "/admin/config.php"]


async def ask(method, path, body=None, agent=None, host=None):
    data = json.dumps(body).encode() if body is not None else b""
    try:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", 8080, local_addr=(f"127.0.0.{host or random.randint(10, 60)}", 0)
        )
        writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: {agent or random.choice(AGENTS)}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode() + data
        )
        await asyncio.wait_for(reader.read(), 15)
        writer.close()
    except (OSError, asyncio.TimeoutError):
        return


def lines():
    hot = random.random() < 0.5
    return [
        {"product": random.randint(1, 8 if hot else 200), "quantity": random.choice([1, 1, 1, 2, 3, 12])}
        for _ in range(random.choice([1, 1, 2, 3]))
    ]


def one():
    chance = random.random()
    if chance < 0.50:
        return ask("GET", f"/products/{random.randint(1, 203)}")
    if chance < 0.62:
        word = random.choice(["Banana", "Mango", "Papaya", "Guava", "Lychee"])
        return ask("GET", f"/search?q={word}" + ("'s" if random.random() < 0.06 else ""))
    if chance < 0.66:
        return ask("POST", "/customers", {"email": f"customer{random.randint(1, 9000)}@mail.example"})
    if chance < 0.665:
        return ask("GET", "/reports/daily")
    if chance < 0.68:
        return ask("GET", random.choice(SCANNED), agent="masscan/1.3", host=200)
    if chance < 0.70:
        return ask("GET", f"/img/box-{random.randint(1, 30)}.webp")
    order = {"customer": random.randint(1, 405), "lines": lines()}
    if random.random() < 0.12:
        order["coupon"] = random.choice(["SPRING10", "WELCOME5", "VIP", "SUMMER15"] if random.random() < 0.3 else ["SPRING10"])
    return ask("POST", "/orders", order)


async def health(until):
    while time.monotonic() < until:
        await ask("GET", "/healthz", agent="probe/1.0", host=1)
        await asyncio.sleep(5)


async def main():
    began, tasks = time.monotonic(), set()
    checker = asyncio.create_task(health(began + SECONDS))
    while (now := time.monotonic() - began) < SECONDS:
        rate = 11 + 6 * math.sin(2 * math.pi * now / 300) + (18 if 190 < now % 400 < 205 else 0)
        task = asyncio.create_task(one())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        await asyncio.sleep(random.expovariate(rate))
    await checker


asyncio.run(main())
