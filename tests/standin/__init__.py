"""
A stand-in for Oracle Database: it speaks the wire protocol to the unmodified driver and keeps rows in SQLite.

It is not Oracle. It is strict: what it does not know it refuses with an ORA code, on the wire and on its
stderr. From the socket inwards:

    __main__     bin/stand-in                        options      its command line
    server       listens; one thread a client        running      starts it as a process, for tests
    tls          TLS before it                       watch        breaks and hang-ups of running statements
    connection   one client's conversation           faults       what is to go wrong, and when
    packets      framing, markers, CONNECT           handshake    from ACCEPT to a session
    profiles     what each release says of itself    login        the password, proved and not sent
    encoding     integers, bytes, values             oson         Oracle's binary JSON
    ttc_requests bytes -> requests                   ttc_login    those of the log-in
    ttc_answers  values -> bytes                     ttc_piggybacks  what travels before them
    ttc_types    types of binds and results          lobs         locators and what is behind them
    calls        a request -> the engine -> answers  ack          answers without the engine
    statements   a text's first word                 stats        what is counted
    direct_path  rows that go around SQL              charsets     what a text becomes in the database
    engine       SQL and Oracle's rules on SQLite (with the modules it names)
    values       what passes between the two halves
"""
