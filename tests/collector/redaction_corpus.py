"""What the gateway masks, and what it must leave: texts as they stand in logs and spans."""

# (text, what must be gone from it, what must still be there)
MASKED: list[tuple[str, str, str]] = [
    # Payment cards: the networks' published test numbers
    ("paid with 4111111111111111", "4111111111111111", "paid with"),
    ("paid with 4111 1111 1111 1111 today", "1111 1111", "today"),
    ("card=4012-8888-8888-1881;", "8888", "card="),
    ("mastercard 5555555555554444", "5555555555554444", "mastercard"),
    ("mastercard 2223003122003222", "2223003122003222", "mastercard"),
    ("amex 378282246310005", "378282246310005", "amex"),
    ("amex 3782 822463 10005", "822463", "amex"),
    ("discover 6011111111111117", "6011111111111117", "discover"),
    ('{"number": "4242424242424242"}', "4242424242424242", "number"),
    # Mail addresses
    ("welcome ada.lovelace@example.com!", "ada.lovelace@example.com", "welcome"),
    ("to=first+tag@sub.example.co.uk,", "first+tag@sub.example.co.uk", "to="),
    ("<o'brien@example.org>", "brien@example.org", "<"),
    # Query strings
    ("GET /search?q=my+illness HTTP/1.1", "my+illness", "GET /search"),
    ("https://shop.example/orders?token=abc&user=7#top", "abc", "https://shop.example/orders"),
    ("Max retries exceeded with url: /pay?card=1 (Caused by", "card=1", "Max retries exceeded"),
    ("/callback?code=xyz&state=1", "xyz", "/callback"),
    # Names and passwords in URLs
    ("postgresql://shop:hunter2@db:5432/shop", "hunter2", "db:5432/shop"),
    ("amqp://guest:guest2@rabbit/%2F", "guest2", "rabbit"),
    ("redis://:p4ss@cache:6379/0", "p4ss", "cache:6379"),
    # Headers and tokens
    ("Authorization: Bearer abc.def.ghi", "abc.def.ghi", ""),
    ("authorization=Basic dXNlcjpwYXNz", "dXNlcjpwYXNz", ""),
    ("'Authorization': 'Token 12ab34cd'", "12ab34cd", ""),
    ("sent bearer 0123456789abcdef0123", "0123456789abcdef0123", "sent"),
    (
        "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl was refused",
        "eyJzdWIiOiIxMjM0In0",
        "was refused",
    ),
    ("key sk_live_abcdefgh12345678", "abcdefgh12345678", "key"),
    ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklmnop", ""),
    ("AKIAIOSFODNN7EXAMPLE used", "AKIAIOSFODNN7EXAMPLE", "used"),
    ("xoxb-1234567890-abcdef", "1234567890-abcdef", ""),
    # Fields
    ("password=hunter2, retrying", "hunter2", "retrying"),
    ('{"password": "hunter2", "user": "ada"}', "hunter2", "ada"),
    ("{'api_key': 'k-123456'}", "k-123456", ""),
    ("client_secret=abcd1234&grant=code", "abcd1234", "grant=code"),
    ("access_token=abcd1234", "abcd1234", ""),
]

# Attribute keys whose values go whole.
MASKED_KEYS = [
    "http.request.header.authorization",
    "http.request.header.cookie",
    "http.response.header.set-cookie",
    "http.request.header.x-api-key",
    "url.query",
    "user.password",
    "db_password",
    "client_secret",
    "card_number",
    "cvv",
    "session_token",
]

# Texts that must come out as they went in.
KEPT = [
    "GET /orders/{order_id}",
    "/users/1",
    "order 1042 of user 77 shipped in 0.25 s",
    "0af7651916cd43dd8448eb211c80319c",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    "41d4fae0-4111-4111-8111-411111111111",
    "order-4111-1111",
    "2026-11-24T04:11:11.111111Z",
    "1764000000000000000",  # nanoseconds of a day in 2025
    "1764000000000000",  # microseconds
    "+49 30 901820",
    "Wrong password: try again",
    "the token was refused",
    "basic authentication is off",
    "Bearer authentication is required",
    "password policy: 12 characters",
    "is it done? yes = 1",
    "why? because",
    "a == b ? c : d",
    "SELECT * FROM orders WHERE id = $1 AND total > 100",
    '  File "app.py", line 12, in pay\n    raise Declined(card)',
    "@app.get decorated",
    "pkg@1.2.3",
    "git@github",
    "10.0.0.1:8080",
    "https://shop.example/orders/1#top",
    "http://[::1]:8000/users",
    "größe 12 ✓",
    "",
]

# Attributes that stay, whatever stands in them.
KEPT_ATTRIBUTES: dict[str, str | int | float | bool] = {
    "correlation_id": "follow-4111111111111111",
    "http.route": "/orders/{order_id}",
    "http.request.method": "GET",
    "http.response.status_code": 500,
    "server.address": "payments",
    "url.path": "/users/1",
    "url.full": "https://shop.example/users/1",
    "error.type": "ValueError",
    "shop.total": 12.5,
    "shop.paid": True,
    "token_count": 4,
    "gen_ai.usage.input_tokens": 128,
    "db.query.text": "SELECT 1",
    "order.id": 1042,
}
