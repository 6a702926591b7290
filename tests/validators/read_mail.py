"""Parses a message with Python's standard library and prints what a mail program would show, as JSON.

    read_mail.py MESSAGE [PICTURE]

"pictures" are the images beside the HTML; "isFile" is whether one has the bytes of the file PICTURE.
"""
import email
import email.policy
import json
import pathlib
import sys

with open(sys.argv[1], "rb") as file:
    message = email.message_from_binary_file(file, policy=email.policy.default)
expected = pathlib.Path(sys.argv[2]).read_bytes() if len(sys.argv) > 2 else None
print(json.dumps({
    "types": [part.get_content_type() for part in message.walk()],
    "pictures": [
        {
            "id": part["content-id"],
            "name": part.get_filename(),
            "disposition": part.get_content_disposition(),
            "isFile": part.get_content() == expected,
        }
        for part in message.walk()
        if part.get_content_maintype() == "image"
    ],
    "defects": [str(defect) for part in message.walk() for defect in part.defects],
    "from": str(message["from"]),
    "to": str(message["to"]),
    "subject": str(message["subject"]),
    "date": str(message["date"]),
    "autoSubmitted": str(message["auto-submitted"]),
    "id": str(message["message-id"]),
    "text": message.get_body(("plain",)).get_content(),
    "html": message.get_body(("html",)).get_content(),
}))
