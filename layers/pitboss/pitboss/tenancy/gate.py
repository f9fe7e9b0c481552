"""The gate in front of every route (`platform.http.Gate`): who may pass, how often, how many at once, and what was
answered before.

Order: caller's address, acting tenant, suspension, scope, rate window, slot. What costs writes comes last.
"""

import hashlib
import json
from collections.abc import Mapping

from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform.http import Answer, Call
from pitboss.platform.observe import count, logger
from pitboss.tenancy import admission
from pitboss.tenancy.addresses import is_allowed
from pitboss.tenancy.hotgate import LANES, HotGate
from pitboss.tenancy.model import Standing
from pitboss.tenancy.standing import standing_of

TENANT_HEADER = "pitboss-tenant"
KEY_HEADER = "idempotency-key"
MAX_KEY = 255
READS = ("GET", "HEAD")


class TenantGate:
    """Admission by tenancy's rules. Keeps the players' read counters and hot calls' leases of this execution environment."""

    def __init__(self) -> None:
        self.hot = HotGate()
        self._player_minute = 0
        self._player_reads: dict[tuple[str, str], int] = {}

    # ------------------------------------------------------------ enter and leave
    def enter(self, call: Call) -> Mapping[str, str]:
        """Admit the call or raise; sets `tenant_id` and answers the RateLimit headers."""
        caller = call.who()
        home = standing_of(caller.tenant_id, call.now)
        if home is None:
            raise Refusal("TOKEN_INVALID", "The tenant of this token does not exist.")
        if caller.kind == "player":
            self._admit_player(call, home)
        else:
            self._admit_key(call, home)
        if call.route.limit == "none":
            return {}
        if call.route.limit in LANES and caller.kind == "api":
            return self.hot.admit(home, caller.key_id, call.now, call.route.limit).headers()
        window = self._count(call, home)
        if caller.kind == "api":
            self._take_slot(call, home, window)
        return window.headers()

    @staticmethod
    def _admit_key(call: Call, home: Standing) -> None:
        caller = call.who()
        if not is_allowed(call.source_ip, home.settings.allowed_ips):
            raise Refusal(
                "IP_NOT_ALLOWED",
                f"The address {call.source_ip} is not on the allowlist in the settings.",
                facts={"sourceIp": call.source_ip},
            )
        acting = home
        wanted = call.headers.get(TENANT_HEADER, "").strip()
        if wanted and wanted != home.node.id:
            below = standing_of(wanted, call.now) if len(wanted) <= 100 else None
            if below is None or not below.node.path.startswith(caller.path):
                raise Refusal("NOT_FOUND", "There is no such tenant below yours; see GET /api/agents.")
            acting = below
        call.tenant_id = acting.node.id
        if not call.route.even_suspended:
            _check_active(acting, looking=call.route.method == "GET" and not home.suspended_by)
        scope = call.route.scope
        if scope and scope not in caller.scopes:
            raise Refusal(
                "PERMISSION_ERROR", f"This route needs the scope {scope}.", facts={"requiredScope": scope}
            )

    @staticmethod
    def _admit_player(call: Call, home: Standing) -> None:
        caller = call.who()
        call.tenant_id = caller.tenant_id
        _check_active(home)
        if not call.route.players:
            raise Refusal("PERMISSION_ERROR", "A player's token does not open this route.")
        if call.headers.get(TENANT_HEADER):
            raise Refusal("PERMISSION_ERROR", "A player's token acts for nobody else.")
        own_tournament = call.params.get("id") == caller.tournament_id
        own_player = call.params.get("player", caller.player_id) == caller.player_id
        if not own_tournament or not own_player:
            raise Refusal("NOT_FOUND", "A player's token opens only its own tournament and player.")

    def _count(self, call: Call, home: Standing) -> admission.Window:
        caller, limit_class = call.who(), call.route.limit
        limit = home.settings.limits[limit_class]
        if caller.kind == "player" and call.route.method in READS:
            window = self._count_read(caller.tenant_id, caller.key_id, limit, call.now)
        else:
            window = admission.count_call(caller.tenant_id, caller.key_id, limit_class, limit, call.now)
        if window is None:
            _, reset_s = admission.window_of(call.now)
            count("rate_limited")
            raise admission.rate_limited(limit_class, limit, reset_s)
        return window

    def _count_read(self, tenant_id: str, key_id: str, limit: int, now: int) -> admission.Window | None:
        """Players poll boards by the thousand: a write for each read would cost more than the read. Their reads are
        counted per execution environment, which bounds one browser without costing anything."""
        minute, reset_s = admission.window_of(now)
        if minute != self._player_minute:
            self._player_minute, self._player_reads = minute, {}
        used = self._player_reads.get((tenant_id, key_id), 0) + 1
        if used > limit:
            return None
        self._player_reads[tenant_id, key_id] = used
        return admission.Window(limit, used, reset_s)

    @staticmethod
    def _take_slot(call: Call, home: Standing, window: admission.Window) -> None:
        limit = home.settings.limits["concurrency"]
        lease = call.new_id("slot")[-8:]  # short: fifty leases and their names stay within one write unit
        if not admission.take_slot(home.node.id, lease, limit, call.now):
            count("slots_full")
            raise Refusal(
                "SERVER_IS_BUSY",
                f"{limit} calls of this agent are running; wait for one to end.",
                facts={"limit": limit},
                retry_after_s=1,
                headers=window.headers(),
            )
        call.kept["slot"] = lease

    def leave(self, call: Call) -> None:
        """Give the slot back. A failure here must not spoil the answer: the lease ends by itself."""
        lease = call.kept.pop("slot", None)
        if lease is None:
            return
        try:
            admission.give_back(call.who().tenant_id, lease)
        except Exception:  # noqa: BLE001 - see above
            logger.exception("a slot was not given back; its lease frees it")
            count("slots_not_given_back")

    # ------------------------------------------------------------ idempotency
    def recall(self, call: Call) -> Answer | None:
        """The first answer to this key and body; else claims the key and sets `call.seed` to that of the first attempt.

        Answers are kept for seven days. While an attempt holds the key, others are told OPERATION_IN_PROGRESS; an
        attempt that died is resumed by the next one after its lease (35 s), under the same seed.
        """
        key = call.headers.get(KEY_HEADER, "")
        if not key:
            if call.route.key_required:
                raise Refusal(
                    "IDEMPOTENCY_KEY_REQUIRED",
                    "Send an Idempotency-Key header: a value of your own, new for each operation, the same for its "
                    "repetitions.",
                    errors=[FieldError("Idempotency-Key", "required")],
                )
            return None
        if len(key) > MAX_KEY or not key.isascii() or not key.isprintable():
            raise Refusal(
                "PARAMETERS_INVALID",
                f"Idempotency-Key has 1 to {MAX_KEY} printable ASCII characters.",
                errors=[FieldError("Idempotency-Key", f"1 to {MAX_KEY} printable ASCII characters")],
            )
        # A tenant's keys are one space; each player has one of its own, or one could be told another's answer.
        space = call.who().key_id if call.who().kind == "player" else ""
        key_hash = hashlib.sha256(f"{space}\x1f{key}".encode()).hexdigest()
        lease = call.seed
        stored = admission.claim(call.tenant_id, key_hash, body_hash(call), call.seed, call.now)
        if stored is not None and stored.lease != lease:  # a claim of our own is one whose answer was lost
            if stored.body_hash != body_hash(call):
                raise Refusal(
                    "IDEMPOTENCY_CONFLICT",
                    "This Idempotency-Key was used with another request; use a new key for a new operation.",
                )
            if stored.state == "done":
                count("replayed")
                headers = {**(stored.headers or {}), "Idempotency-Replayed": "true"}
                return Answer(stored.body or None, stored.status, headers, content_type=stored.content_type)
            wait_ms = stored.lease_until - call.now
            if wait_ms > 0 or not admission.claim_again(call.tenant_id, key_hash, stored, lease, call.now):
                raise Refusal(
                    "OPERATION_IN_PROGRESS",
                    "An earlier attempt with this Idempotency-Key is still running; repeat the request shortly.",
                    retry_after_s=max(1, min(2, -(-wait_ms // 1000))),
                )
            call.seed = stored.seed
        call.lease = lease
        call.kept["idempotency"] = key_hash
        return None

    def remember(self, call: Call, answer: Answer | None) -> None:
        """Keep the answer for the key, or (None) let the key be tried again.

        A handler whose answer holds what must not be stored puts the form to be stored in `call.kept["remember"]`.
        """
        key_hash = call.kept.get("idempotency")
        if key_hash is None:
            return
        if answer is None:
            admission.release(call.tenant_id, key_hash, call.lease)
            return
        kept: Answer = call.kept.get("remember", answer)
        body = kept.body
        if body is None:
            text = ""
        elif isinstance(body, str):
            text = body
        else:
            text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        admission.keep_answer(
            call.tenant_id,
            key_hash,
            call.lease,
            status=kept.status,
            body=text,
            content_type=kept.content_type,
            headers=kept.headers,
            now=call.now,
        )


def _check_active(acting: Standing, *, looking: bool = False) -> None:
    """`looking`: whoever stands above may go on reading what a closed agent has left."""
    own = acting.suspended_by == acting.node.id
    if acting.suspended_by and not (looking and own and acting.node.status == "closed"):
        raise Refusal(
            "TENANT_SUSPENDED",
            f"This agent is {acting.node.status}; ask the operator above it."
            if own
            else "An operator above this agent is suspended or closed.",
        )


def body_hash(call: Call) -> str:
    """Fingerprint of an operation: method, route, path and query parameters and the body's bytes."""
    head = json.dumps(
        [
            call.route.method,
            call.route.path,
            sorted(call.params.items()),
            sorted(call.query.items(), key=lambda q: q[0]),
        ],
        ensure_ascii=False,
        default=str,
        separators=(",", ":"),
    )
    return hashlib.sha256(head.encode() + b"\n" + call.raw).hexdigest()
