"""moto's server on a port of the kernel's choosing, tied to the life of the test process.

The first line of stdout is the port; everything after goes to stderr. When stdin reaches its end, the test process is
gone, however it went, and so are we: no server is left behind by a run that was killed.
"""
import os
import sys
import threading

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server


def leave_with_the_parent():
    while os.read(0, 4096):
        pass
    os._exit(0)


app = DomainDispatcherApplication(create_backend_app)
app.debug = True
server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
os.environ["MOTO_PORT"] = str(server.server_port)
os.write(1, b"%d\n" % server.server_port)
os.dup2(2, 1)
threading.Thread(target=leave_with_the_parent, daemon=True).start()
server.serve_forever()
