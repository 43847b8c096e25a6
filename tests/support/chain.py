"""The links of a province's ledger, made anew by what aggregator/schema/chain.h says of them: for tests that change what
stands in the store and want it whole all the same."""

import hashlib


def number(value):
    return (value & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little")


def sized(value):
    value = value.encode() if isinstance(value, str) else value or b""
    return number(len(value)) + value


def link(*parts):
    return hashlib.blake2b(b"".join(parts), digest_size=32).digest()


def rows(store):
    """Entries and events in their one order, as (table, id, what its link covers besides the one before)."""
    entries = store.execute("SELECT j.id, j.office, s.spool_id, j.seq, j.received_us, j.held, j.payload FROM journal j"
                            " JOIN spool s ON s.id = j.spool ORDER BY j.id").fetchall()
    events = store.execute("SELECT after_journal, id, at_us, moves, kind, who, detail, body FROM event"
                           " ORDER BY id").fetchall()
    ledger = [(after, 1, "event", nth, b"E" + number(nth) + number(after) + number(at) + number(moves)
               + sized(kind) + sized(who) + sized(detail) + sized(body))
              for after, nth, at, moves, kind, who, detail, body in events]
    ledger += [(nth, 0, "journal", nth, b"B" + number(office) + number(spool) + number(seq) + number(received)
                + sized(held) + sized(payload))
               for nth, office, spool, seq, received, held, payload in entries]
    for _, _, table, nth, covered in sorted(ledger, key=lambda row: (row[0], row[1], row[3])):
        yield table, nth, covered


def relink(store):
    """Give each row the link that it must have now. (Of a store that began with its events.)"""
    before = bytes(32)
    for table, nth, covered in rows(store):
        before = link(before, covered)
        store.execute(f"UPDATE {table} SET chain = ? WHERE id = ?", (before, nth))
