"""The people of the sample data, and the rows their riddles are about."""

from __future__ import annotations

from typing import Any

from console.access.persona import Persona, of_role, of_user

ADA = "ee6976a3-df28-5083-fdb7-9b5626be80a3"
BERT = "14bd2142-5f7f-d4ae-cab4-76cdec0ecf3d"
DARA = "b5100979-ff49-96d1-a3dc-6b71c604059e"
FATIMA = "18fdf5d5-bf51-f688-7a50-9eb4d2a19d4f"
GIULIA = "37512a6d-48ce-1a96-449a-af947e758f3a"
HIRO = "3669fa21-a201-4774-926f-23c8e097f9bb"
SOFIA_SSO = "36937857-6ce8-b714-714b-a8c0fe3909a5"
LOOK_ALIKE = "26048ad6-fe26-f028-c9fe-6224e6626b5f"
STRANGER = "00000000-0000-4000-8000-000000000001"

INVOICE_SYNC = "1717f14f-a6d5-7f39-006d-c15d08d4bf9f"
PAYROLL_EXPORT = "67bb4b5f-3d96-1618-f3fe-02a9d70d664b"
CUSTOMS_FORMS = "4f01568e-c7dd-028c-cc98-7d4b9b22b40e"
GIULIAS_PLAN = "85889136-5380-796f-796d-9f65af173c28"
GLOBEX = "f763541f-4977-efae-0b51-d9b81e5c0773"

EMAILS = {
    ADA: "ada@example.com",
    BERT: "bert@example.com",
    DARA: "dara@example.com",
    FATIMA: "fatima@example.org",
    GIULIA: "giulia@example.org",
    HIRO: "hiro@example.com",
    SOFIA_SSO: "Sofia.Rossi@example.com",
    STRANGER: "stranger@example.com",
}

ANON = of_role("anon")
SERVICE = of_role("service_role")


def user(user_id: str, **claims: Any) -> Persona:
    """Somebody of the cast, signed in by e-mail."""
    return of_user(user_id, email=EMAILS[user_id], **claims)
