"""The market maker's settings, on both storages."""

import msgspec
import pytest

from engine.ledger.records import AdminAction
from tests.storage.conftest import Open
from tests.storage.entries import NOW_MS


@pytest.mark.trio
async def test_settings_are_kept_by_market_and_replaced(opened: Open) -> None:
    odd = '{"note": "\\u0000 \'single\' ünïcode $1"}'
    async with opened() as storage:
        assert await storage.preferences.makers() == {}
        await storage.preferences.save_maker(2, odd, NOW_MS, action("first"))
        await storage.preferences.save_maker(1, "{}", NOW_MS, action("second"))
        assert await storage.preferences.makers() == {1: "{}", 2: odd}
        await storage.preferences.save_maker(2, "{}", NOW_MS + 1, action("third"))
        assert await storage.preferences.makers() == {1: "{}", 2: "{}"}


@pytest.mark.trio
async def test_each_change_has_its_row_in_the_audit(opened: Open) -> None:
    async with opened() as storage:
        await storage.identity.write_admin_action(action("before"))
        await storage.preferences.save_maker(2, "{}", NOW_MS, action("enable"))
        await storage.preferences.save_maker(2, "{}", NOW_MS, action("disable"))
        disable, enable, before = await storage.identity.admin_actions(None, 10)
        assert [disable.action, enable.action] == ["disable", "enable"]
        assert disable == msgspec.structs.replace(action("disable"), action_id=disable.action_id)
        assert before.action_id < enable.action_id < disable.action_id


def action(word: str) -> AdminAction:
    return AdminAction(0, 1, word, "prediction/2", '{"spread": "2.0"}', NOW_MS)
