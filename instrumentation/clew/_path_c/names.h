/* What the path knows by name: the objects of this package, and the keys of scopes and environs. */

/* What Python tells at import, by name; see `bind`. */
static PyObject *Context, *ClewSpan, *SpanContext, *Shared;
static PyObject *NO_STATE, *FLAGS, *ROOT_FLAGS, *SERVER, *CLIENT, *OTHER_METHOD, *ANY_METHOD;
static PyObject *KEY, *BAGGAGE_KEY, *SPAN_KEY, *SUPPRESS, *SUPPRESS_ALL;
static PyObject *CORRELATION_ID, *URL_PATH, *URL_QUERY, *URL_FULL, *HTTP_ROUTE, *STATUS_CODE;
static PyObject *variable, *time_ns, *getrandbits, *redacted_query, *clean_url;

static const struct {
    const char *name;
    PyObject **where;
} TOLD[] = {
    {"Context", &Context}, {"ClewSpan", &ClewSpan}, {"SpanContext", &SpanContext},
    {"Shared", &Shared}, {"NO_STATE", &NO_STATE}, {"FLAGS", &FLAGS},
    {"ROOT_FLAGS", &ROOT_FLAGS}, {"SERVER", &SERVER}, {"CLIENT", &CLIENT},
    {"OTHER_METHOD", &OTHER_METHOD}, {"ANY_METHOD", &ANY_METHOD}, {"KEY", &KEY},
    {"BAGGAGE_KEY", &BAGGAGE_KEY}, {"SPAN_KEY", &SPAN_KEY}, {"SUPPRESS", &SUPPRESS},
    {"SUPPRESS_ALL", &SUPPRESS_ALL}, {"CORRELATION_ID", &CORRELATION_ID},
    {"URL_PATH", &URL_PATH}, {"URL_QUERY", &URL_QUERY}, {"URL_FULL", &URL_FULL},
    {"HTTP_ROUTE", &HTTP_ROUTE}, {"STATUS_CODE", &STATUS_CODE}, {"variable", &variable},
    {"time_ns", &time_ns}, {"getrandbits", &getrandbits}, {"redacted_query", &redacted_query},
    {"clean_url", &clean_url},
};

/* Made here, once. */
static PyObject *no_arguments, *zero, *nothing, *bits_64, *bits_128, *traceparent, *baggage;
static PyObject *k_method, *k_scheme, *k_http_version, *k_client, *k_path, *k_query, *k_headers;
static PyObject *e_method, *e_scheme, *e_host, *e_name, *e_protocol, *e_address, *e_agent;
static PyObject *k_type, *k_status, *k_trailers, *k_more, *k_response_start, *k_response_body;
static PyObject *k_route, *k_mounted, *k_fastapi, *k_included, *a_format, *a_original;
static PyObject *m_send, *m_send_last, *m_start_response, *m_fail, *m_finish, *m_close;
static PyObject *e_request, *a_url_rule, *a_rule;
static PyObject *e_script, *e_path, *e_query, *e_parent, *e_state, *e_baggage, *processors_name;
