"""A small labelled set of our own: messages to the desk of a library. Written by hand for these tests."""

from burnish_simulator.ladder_rungs import Item, LabelledSet

RIGHT_DEFINITIONS = {
    "loans": "borrow, renew or return a book, due date, overdue, reserve a title",
    "rooms": "reserve a study space, meeting room key, noisy group, opening hours of the reading hall",
    "printing": "printer out of paper, scan, copies, toner, pages come out blank",
    "membership": "card expired, join, register, fee for visitors, change my address",
}
"""Written from the train rows below; the test rows use some of these words and others."""

_TRAIN = {
    "loans": ["May I renew the novel that I borrowed?", "Where do I return a book on Sundays?", "Is my atlas overdue already?"],
    "rooms": ["I need a study space for four people.", "The key of the meeting room is missing.", "A group in the hall is noisy."],
    "printing": ["The printer has no paper left.", "My pages come out blank.", "Where can I scan a map?"],
    "membership": ["My card expired last week.", "How do visitors join?", "I moved, please change my address."],
}
_TEST = {
    "loans": [
        "The due date of my book has passed, what now?",
        "Could I borrow two films over the holidays?",
        "I want to renew everything that I have at home.",
        "Please reserve the new title by Okri for me.",
        "Is there a box to return things at night?",
        "I got a letter that something is overdue.",
    ],
    "rooms": [
        "Can we have the meeting corner on Friday?",
        "Somebody took the key and the door is locked.",
        "It is far too noisy to read next to us.",
        "What are the opening hours in August?",
        "Is a space with a whiteboard free tomorrow?",
        "We are a group of six and would like to study together.",
    ],
    "printing": [
        "The machine says that toner is low.",
        "I made ten copies and paid for twenty.",
        "Half of the pages are blank.",
        "Can I scan old photographs somewhere?",
        "Paper is stuck in the tray.",
        "Does the printer do colour?",
    ],
    "membership": [
        "I would like to register my daughter.",
        "Is there a fee for people from abroad?",
        "My card does not open the gate since it expired.",
        "How can I join as a retired teacher?",
        "My address is not the one you have.",
        "What do visitors pay for one day?",
    ],
}


def _items(rows: dict[str, list[str]]) -> tuple[Item, ...]:
    return tuple(Item(text, label) for label, texts in rows.items() for text in texts)


LIBRARY_DESK = LabelledSet(tuple(RIGHT_DEFINITIONS), _items(_TRAIN), _items(_TEST))
