"""Azure behind the ports: one module per service, and the only importers of Azure SDKs.

Importing any module of this package loads no SDK; each adapter imports its own when it is first used, because
an invocation that only takes in a signal must not pay for the libraries of all the others.
"""
