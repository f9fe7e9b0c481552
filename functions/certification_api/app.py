"""Certification runs."""

from pitboss.certify.api import api

handler = api.handler
