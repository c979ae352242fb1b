"""Where Piccolo's own commands find the engine and the tables (`piccolo migrations new hub --auto`)."""

import os

from piccolo.conf.apps import AppRegistry

from hub.database import ENGINE

ENGINE.config = ENGINE.config or {"dsn": os.environ.get("DATABASE_URL", "")}
DB = ENGINE
APP_REGISTRY = AppRegistry(apps=["hub.piccolo_app"])
