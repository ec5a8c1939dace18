"""The messages of the wire contract, sampan.plugin.v1.

They are built at run time from the descriptor set that the repository's ``make proto`` writes beside this file, so
that one SDK works with any protobuf from 4.21 on: generated modules are tied to the version that made them.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "sampan.plugin.v1"


class _Contract:
    """The descriptors of the contract: messages as attributes by name, enum values by ``value``."""

    def __init__(self, descriptors: bytes):
        self.pool = descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString(descriptors).file:
            self.pool.Add(file)

    def __getattr__(self, name: str) -> Any:
        try:
            descriptor = self.pool.FindMessageTypeByName(f"{PACKAGE}.{name}")
        except KeyError:
            raise AttributeError(f"{PACKAGE} has no message {name}") from None
        if hasattr(message_factory, "GetMessageClass"):
            message = message_factory.GetMessageClass(descriptor)
        else:  # protobuf 4.21
            message = message_factory.MessageFactory(self.pool).GetPrototype(descriptor)
        setattr(self, name, message)
        return message

    def value(self, enum: str, name: str) -> int:
        """The number of an enum's value."""
        return self.pool.FindEnumTypeByName(f"{PACKAGE}.{enum}").values_by_name[name].number


pb = _Contract(resources.files(__name__).joinpath("plugin.binpb").read_bytes())
