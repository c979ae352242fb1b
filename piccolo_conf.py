"""Where Piccolo's own commands find the engine and the tables (`piccolo migrations new hub`)."""

from piccolo.conf.apps import AppRegistry

from hub.database import engine

DB = engine()
APP_REGISTRY = AppRegistry(apps=["hub.piccolo_app"])
