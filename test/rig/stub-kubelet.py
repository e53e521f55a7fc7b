#!/usr/bin/python3
"""Stands for the kubelet where only its start matters: reads its configuration, keeps its arguments in /var/tmp, answers healthz."""
import http.server
import json
import sys

VERSION = "@VERSION@"

if sys.argv[1:] == ["--version"]:
    print("Kubernetes v" + VERSION)
    sys.exit(0)
if "--crash" in sys.argv:
    sys.exit('E0101 run.go:74] "command failed" err="failed to parse kubelet flag: unknown flag: --crash"')
if "--bootstrap-kubeconfig" in sys.argv:
    # The real one asks for a certificate with it; what matters here is who writes which file.
    with open(sys.argv[sys.argv.index("--bootstrap-kubeconfig") + 1], encoding="utf-8") as file:
        server = next(line.strip() for line in file if line.strip().startswith("server: "))
    with open(sys.argv[sys.argv.index("--kubeconfig") + 1], "w", encoding="utf-8") as file:
        file.write("clusters:\n- cluster:\n    " + server + "\n  name: default-cluster # made by the kubelet\n")
for flag in ("--config", "--kubeconfig"):
    with open(sys.argv[sys.argv.index(flag) + 1], encoding="utf-8") as file:
        text = file.read()
    if flag == "--config":
        json.loads(text)
with open("/var/tmp/kubelet-arguments.json", "w", encoding="utf-8") as file:
    json.dump(sys.argv[1:], file)


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


http.server.HTTPServer(("127.0.0.1", 10248), Health).serve_forever()
