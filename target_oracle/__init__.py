"""
Singer target for Oracle Database.

The modules, in the order in which a row passes them:

    the door
        __main__.py  cli.py  arguments.py  about.py  errors.py
        settings.py  config.py  sources.py  dotenv.py  given.py  foreign.py  checks.py  redaction.py
        log.py  loglines.py  logwish.py  signals.py
    the whole way on one page
        pipeline.py  interpreter.py
    the tap's world
        singer/lines.py  singer/messages.py  singer/state.py
        singer/schema.py  singer/shape.py  singer/references.py  singer/constraints.py
        singer/automata.py
    from lines to batches
        reader.py  records.py  streams.py  wishes.py  gathering.py  gate.py
        stream.py  decoder.py  convert.py  conversion.py  numerals.py  texts.py  moments.py
        conformity.py  validation.py  faults.py  metadata.py
        columnar.py  layouts.py  (_columns.c, native/: the compiled decoder)
        checkpoint.py  resume.py  batchfiles.py  arrow.py
    from lines to batches, by other processes
        readahead.py  shares.py  lanes.py  orders.py  lane.py  held.py
        oracle/channel.py  oracle/distant.py
    from a SCHEMA to a table
        typemap.py  typepage.py  tables.py  newtable.py  plan.py
    from batches to transactions
        handover.py  loader.py  parallel.py  acts.py  methods.py  direct.py  upsert.py  overwrite.py
        versions.py  isolation.py  spool.py  rejects.py  masking.py  summary.py
    what is seen from outside
        check.py  stages.py  progress.py  report.py  reportpage.py  metrics.py  telemetry.py
        definition.py  manpage.py
    the database's world
        oracle/database.py  oracle/session.py  oracle/tunnel.py  oracle/stores.py  oracle/codes.py
        oracle/ledger.py  oracle/rejecttable.py
        oracle/writer.py  oracle/gathered.py  oracle/staging.py  oracle/directpath.py  oracle/binds.py
        oracle/sql.py
        oracle/examination.py  oracle/tracing.py  oracle/dictionary.py  oracle/table.py
        oracle/types.py  oracle/declared.py  oracle/names.py
        oracle/charsets.py  oracle/comments.py  oracle/options.py  oracle/wanted.py  oracle/matching.py
        oracle/evolve.py  oracle/draft.py  oracle/keys.py  oracle/settling.py  oracle/changes.py
        oracle/overflow.py  oracle/suspended.py  oracle/suspension.py  oracle/ddl.py  oracle/script.py
"""

__version__ = "0.1.0"
