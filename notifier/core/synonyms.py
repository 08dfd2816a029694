"""What other tools, and people, call a lead's fields: for suggestions alone."""

import re

CALLED = {
    "assignee": "agent assignedto assigned owner salesman salesperson leadowner",
    "attributes": "answers attribute custom customattributes customfields fields",
    "city": "location place town",
    "created_at": "created createdon date time",
    "email": "emailaddress emailid emailaddr mail mailaddress",
    "gender": "sex",
    "last_message.text": "chat lastmessagetext message msg question text",
    "name": "customer customername firstname fullname lastname leadname visitor visitorname",
    "notes": "comment comments note remark remarks",
    "phone": "cell contact contactnumber mobile mobileno mobilenumber number phoneno"
    " phonenumber tel telephone whatsapp",
    "picture": "avatar image photo",
    "source": "bot channel leadsource",
    "status": "leadstatus stage state",
    "tags": "label labels tag",
    "taken_by": "claimed claimedby pickedupby taken takenby",
    "updated_at": "modified updated updatedon",
    "url": "chatlink chaturl inbox link",
    "visits": "visitcount visit",
}
FIELD_OF = {name: field for field, names in CALLED.items() for name in names.split()}
BETWEEN = re.compile(r"[\W_]+")


def field_meant(name: str) -> str:
    """Return ``phone`` for ``Mobile Number``, nothing for a word that nobody uses."""
    return FIELD_OF.get(BETWEEN.sub("", name).casefold(), "")
