"""Starts the plugin: the SDK reads manifest.yaml and serves every route until it is stopped."""

import gc

# nothing that is loaded now is garbage: the collector rests until all of it is there
gc.disable()

# dify_plugin patches the standard library with gevent when it is imported, so it comes first
from dify_plugin import DifyPluginEnv, Plugin
from dify_plugin.config.logger_format import plugin_logger_handler

from endpoints.http.logs import logger
from provider.process import tune_process

logger.addHandler(plugin_logger_handler)
plugin = Plugin(DifyPluginEnv())
tune_process()

if __name__ == "__main__":
    plugin.run()
