"""The demo casino's callbacks."""

from pitboss.demo.api import api

handler = api.handler
