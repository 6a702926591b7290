"""Parses a message with Python's standard library and prints what a mail program would show, as JSON."""
import email
import email.policy
import json
import sys

with open(sys.argv[1], "rb") as file:
    message = email.message_from_binary_file(file, policy=email.policy.default)
print(json.dumps({
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
