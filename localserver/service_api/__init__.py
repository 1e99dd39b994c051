"""A stand-in for Dify's Service API: the demo apps over HTTP, each with a key of its own.

Routes, answers and words are those of Dify 1.8 to 1.12 (`api/controllers/service_api/app`).
"""

from localserver.service_api.api import PREFIX, ServiceApi
from localserver.service_api.connections import Connections

__all__ = ["PREFIX", "Connections", "ServiceApi"]
