"""What a sentence of an error may not be: a person reads it, on the page, in the log and in the audit."""

from __future__ import annotations

import re

CHARACTERS_MAX = 760

_INSIDES = re.compile(
    r"Traceback|object at 0x|<class|<html|<!DOCTYPE|\bazure[._]|aiohttp|msgspec|NoneType|self\."
    r"|\b(?!SubscriptionRequests)[A-Z][A-Za-z]+(?:Error|Exception|Timeout)\b(?!:)|Errno|\bKeyError\b|b'|\{'|\\n",
)
_SECRETS = re.compile(r"Bearer |sig=|[?&]api-version|eyJ[A-Za-z0-9]|AccountKey|access_token")
_WHO = re.compile(
    r"localhost|Azure Resource Manager|Azure Monitor|Log Analytics|the slot's host"
    r"|managed Prometheus|Application Insights|the hook|Azure Load Testing|the load test|Resource Health"
    r"|the public IP resource|the cluster|the query|the profile|the gateway"
    r"|127\.0\.0\.1|\.contoso\.com|the answer|the service|identity endpoint|Table Storage"
    r"|[A-Z][A-Za-z]{5,}: "
)


def faults_of(sentence: str) -> list[str]:
    """What is wrong with a sentence, nothing where a person may read it."""
    found = []
    if "\n" in sentence or len(sentence) > CHARACTERS_MAX:
        found.append("it is not one line")
    if _INSIDES.search(sentence):
        found.append("it shows the program's insides")
    if _SECRETS.search(sentence):
        found.append("it shows a secret")
    if not _WHO.search(sentence):
        found.append("it does not say who answered")
    return found
