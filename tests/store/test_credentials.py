"""Passwords lie sealed, and only where they belong."""

from __future__ import annotations

import base64
import stat
import threading
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from tests.store.samples import files_with
from webmail.account import Account, AccountId, Credentials
from webmail.errors import Conflict, InvalidInput, NotFound
from webmail.store import credentials
from webmail.store.database import Database
from webmail.store.masterkey import MasterKey
from webmail.store.schema import credentials as table

SECRET = Credentials("demo@example.org", "correct horse \u2014 b\u00e4ttery \U0001f434")
OTHER_KEY = MasterKey("0badc0de", bytes(32))


def keep(database: Database, account: Account) -> None:
    credentials.save(database, database.key, account_id=account.id, credentials=SECRET)


def test_credentials_come_back_as_they_were(database: Database, account: Account) -> None:
    assert not credentials.exists(database, account.id)
    keep(database, account)
    assert credentials.exists(database, account.id)
    assert credentials.read(database, database.key, account.id) == SECRET


def test_a_new_password_takes_the_place_of_the_old_one(database: Database, account: Account) -> None:
    keep(database, account)
    credentials.save(database, database.key, account_id=account.id, credentials=Credentials("demo", "new"))
    assert credentials.read(database, database.key, account.id).password == "new"


def test_erased_credentials_are_gone(database: Database, account: Account) -> None:
    keep(database, account)
    credentials.erase(database, account.id)
    assert not credentials.exists(database, account.id)
    with pytest.raises(NotFound):
        credentials.read(database, database.key, account.id)


def test_the_password_is_nowhere_in_the_data_folder(database: Database, account: Account) -> None:
    keep(database, account)
    assert files_with(b"demo@example.org", database), "the row of the account shows that the files are looked into"
    for word in ("correct horse", "b\u00e4ttery", "ttery"):
        for hidden in (word.encode(), word.encode("utf-16-le"), base64.b64encode(word.encode())[:-4], word.encode().hex().encode()):
            assert not files_with(hidden, database)


def test_the_same_password_never_looks_the_same_twice(database: Database, account: Account) -> None:
    def stored() -> tuple[bytes, bytes]:
        keep(database, account)
        with database.durable() as connection:
            row = connection.execute(select(table)).one()
        return row.nonce, row.ciphertext

    first, second = stored(), stored()
    assert first[0] != second[0]
    assert first[1] != second[1]


def test_a_row_moved_to_another_account_does_not_open(database: Database, account: Account, stranger: Account) -> None:
    keep(database, account)
    with database.durable_write() as connection:
        connection.execute(update(table).values(account_id=stranger.id))
    with pytest.raises(Conflict) as caught:
        credentials.read(database, database.key, stranger.id)
    assert caught.value.code == "credentials_damaged"
    assert "horse" not in str(caught.value)


def test_a_changed_row_does_not_open(database: Database, account: Account) -> None:
    keep(database, account)
    with database.durable_write() as connection:
        row = connection.execute(select(table)).one()
        connection.execute(update(table).values(ciphertext=bytes([row.ciphertext[0] ^ 1]) + row.ciphertext[1:]))
    with pytest.raises(Conflict) as caught:
        credentials.read(database, database.key, account.id)
    assert caught.value.code == "credentials_damaged"


def test_another_key_is_named_as_the_reason(database: Database, account: Account) -> None:
    keep(database, account)
    with pytest.raises(Conflict) as caught:
        credentials.read(database, OTHER_KEY, account.id)
    assert caught.value.code == "credentials_key"
    assert caught.value.values == {"stored": database.key.id, "key": "0badc0de"}


def test_a_key_that_only_claims_to_be_the_right_one_opens_nothing(database: Database, account: Account) -> None:
    keep(database, account)
    with pytest.raises(Conflict) as caught:
        credentials.read(database, MasterKey(database.key.id, bytes(32)), account.id)
    assert caught.value.code == "credentials_damaged"


def test_no_secret_shows_in_a_representation(database: Database) -> None:
    assert "correct" not in repr(SECRET)
    assert repr(database.key.secret)[2:-1] not in repr(database.key)
    assert base64.b64encode(database.key.secret).decode() not in repr(database.key)


def test_credentials_need_an_account(database: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        credentials.save(database, database.key, account_id=AccountId(99), credentials=SECRET)
    with pytest.raises(Exception, match=r"(?i)foreign key"), database.durable_write() as connection:
        connection.execute(insert(table).values(account_id=99, key_id="", nonce=b"", ciphertext=b""))


def test_a_missing_key_is_made_for_us_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"
    made = MasterKey.load(path)
    assert len(made.secret) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert MasterKey.load(path) == made
    assert [each.name for each in path.parent.iterdir()] == ["master.key"]


def test_two_processes_that_start_at_once_agree_on_the_key(tmp_path: Path) -> None:
    found: list[MasterKey] = []
    threads = [threading.Thread(target=lambda: found.append(MasterKey.load(tmp_path / "master.key"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({each.id for each in found}) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    MasterKey.load(path)
    path.chmod(mode)
    with pytest.raises(InvalidInput) as caught:
        MasterKey.load(path)
    assert (caught.value.code, caught.value.field) == ("key_readable", "secret_key_file")


@pytest.mark.parametrize("content", [b"", b"short", base64.b64encode(bytes(31)), b"\xff" * 44])
def test_a_key_of_the_wrong_size_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(InvalidInput) as caught:
        MasterKey.load(path)
    assert caught.value.code == "key_content"
