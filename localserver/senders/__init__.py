"""Senders of webhooks, played: they sign as each one's documentation says.

Written apart from the plugin's own table, so that a mistake in one of the two shows.
"""

from localserver.senders.played import PLAYED, Played

__all__ = ["PLAYED", "Played"]
