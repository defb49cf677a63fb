"""A mail relay that greylists some mails and is slow for a few: the notifier's other end."""

import random
import socketserver
import time


class Mail(socketserver.StreamRequestHandler):
    def handle(self):
        self.rfile.readline()
        chance = random.random()
        if chance < 0.01:
            time.sleep(2)
        time.sleep(random.expovariate(1 / 0.02))
        try:
            self.wfile.write(b"451 4.7.1 greylisted, try again later\r\n" if chance > 0.95 else b"250 2.0.0 queued\r\n")
        except OSError:
            return


socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("127.0.0.1", 2525), Mail).serve_forever()
