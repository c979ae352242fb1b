"""What is written in the mails that carry a link, in the languages of the pages. Pure.

A mail says who wrote it and why, what the link is good for and how long, and what to do for who didn't ask for it. It asks for nothing
else, and has one link.
"""

from hub.mail import Letter

_WORDS = {
    ("invitation", "en"): (
        "Your account at {organisation}",
        """Hello {name},

{organisation} uses Daylight to see what its teams are busy with, and you have an account there. Set a password to sign in. Then you also
see what is collected about you, and who has looked at it.

{url}

The link works once, within 7 days. If a newer mail like this one has come, only that one's does. If you don't know {organisation},
you need do nothing.
""",
    ),
    ("reset", "en"): (
        "A new password for {organisation}",
        """Hello {name},

somebody, you we hope, asked for a new password for your account at {organisation}. Set it here:

{url}

The link works once, within an hour. If a newer mail like this one has come, only that one's does. A second factor that you have stays
as it is. If it wasn't you who asked, nothing has changed, and you need do nothing.
""",
    ),
    ("answered", "en"): (
        "Your request about your data at {organisation}",
        """Hello {name},

there is an answer to what you asked {organisation} about your data, or something about it has changed. Read it here:

{url}
""",
    ),
    ("answered", "ar"): (
        "طلبك بشأن بياناتك في {organisation}",
        """مرحبًا {name}،

وصل جواب على ما طلبته من {organisation} بشأن بياناتك، أو تغيّر شيء فيه. اقرأه هنا:

{url}
""",
    ),
    ("erased", "en"): (
        "You were erased at {organisation}",
        """Hello,

everything that Daylight at {organisation} ({url}) held about you was erased, and your account is gone. If you asked for it, this is the
answer. Devices of yours are refused from now on: you can remove the agent from them. A copy of before lies in backups until {organisation}
deletes those; it is erased again if one is ever restored.

This is the last mail that you get from there, and your address is deleted with it.
""",
    ),
    ("erased", "ar"): (
        "مُحيت بياناتك لدى {organisation}",
        """مرحبًا،

مُحي كل ما احتفظ به Daylight عنك لدى {organisation} ({url})، ولم يعد لك حساب فيه. إن كنت قد طلبت ذلك فهذا هو الجواب. تُرفض أجهزتك من الآن:
يمكنك إزالة البرنامج عنها. وتبقى نسخة مما سبق في النسخ الاحتياطية إلى أن تحذفها {organisation}، وتُمحى من جديد إن استُعيدت إحداها.

هذه آخر رسالة تصلك من هناك، ويُحذف عنوانك معها.
""",
    ),
    ("invitation", "ar"): (
        "حسابك في {organisation}",
        """مرحبًا {name}،

تستخدم {organisation} برنامج Daylight لترى ما الذي تعمل عليه فرقها، ولك حساب فيه. عيّن كلمة مرور لتسجّل الدخول، وسترى عندها أيضًا ما
يُجمع عنك ومن اطّلع عليه.

{url}

يعمل الرابط مرة واحدة خلال 7 أيام. وإن وصلتك رسالة أحدث من هذا النوع فلا يعمل إلا رابطها. وإن كنت لا تعرف {organisation} فلا يلزمك فعل شيء.
""",
    ),
    ("reset", "ar"): (
        "كلمة مرور جديدة لحسابك في {organisation}",
        """مرحبًا {name}،

طلب أحدهم، ونرجو أن تكون أنت، كلمة مرور جديدة لحسابك في {organisation}. عيّنها هنا:

{url}

يعمل الرابط مرة واحدة خلال ساعة. وإن وصلتك رسالة أحدث من هذا النوع فلا يعمل إلا رابطها. ويبقى عامل التحقق الثاني كما هو إن كان لديك. وإن لم
تكن أنت من طلبها فلم يتغيّر شيء، ولا يلزمك فعل شيء.
""",
    ),
}  # fmt: skip


def letter(purpose: str, language: str, *, organisation: str, name: str, url: str) -> Letter:
    """The mail for this purpose, with a link or the hub's address, in English where we don't speak the language."""
    subject, text = _WORDS.get((purpose, language)) or _WORDS[purpose, "en"]
    given = {"organisation": organisation, "name": name, "url": url}
    return Letter(subject.format(**given), text.format(**given))
