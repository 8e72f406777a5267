package io.quorate.engine.simulator;

import io.quorate.engine.checker.SafetyChecker;
import io.quorate.engine.disk.SimJournal;
import io.quorate.engine.pbft.PbftContext;
import io.quorate.engine.quorum.Quorum;
import io.quorate.engine.reading.ReadContext;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.engine.virtual.Trace;
import java.util.List;
import java.util.function.Consumer;

/**
 * Runs the production protocol under a seed: virtual time, a bad network, crashes and liars, with checkers that know more
 * than any peer. Equal settings and seed give the same run, event for event. Not thread-safe; one run at a time.
 */
public final class Simulator {
    private static final long MS = 1_000_000;
    private static final long EVENTS_MAX = 20_000_000;
    private static final long FAULTS_MIN_NS = 150 * MS;
    private static final long FAULTS_MAX_NS = 450 * MS;

    /** Room for the largest view change: signatures of 64 peers, and P and Q of a slot. */
    private static final int MESSAGE_LENGTH_FIXED = 8 * 1024;

    private static final int MESSAGE_LENGTH_PER_SLOT = 1024;
    private static final int ROSTER_LENGTH_MAX = 16 * 1024;

    /** What is asked of a run. */
    public enum Mode {
        /** Faults stop; then everything that is owed must come within a bounded time. Safety is judged all the while. */
        LIVENESS,
        /** Faults never stop; only safety is judged, for twice the time. */
        SAFETY
    }

    /** How a run ended. */
    public enum Result {
        /** Nothing bad happened and everything came to an end. */
        CLEAN,
        /** Something happened that must never happen. */
        VIOLATION,
        /** Faults had stopped, and yet something that is owed did not come in time. */
        STALL
    }

    /**
     * One run.
     *
     * @param property which property failed; empty if none did
     * @param statement what happened, in a sentence; empty if nothing did
     * @param virtualNs how long the run took in its own time
     * @param trace what happened; counts of it stay with the outcome
     * @param tail the last records of the trace; empty if the run was clean
     */
    public record Outcome(
            long seed,
            Result result,
            String property,
            String statement,
            long events,
            long frames,
            long applied,
            long virtualNs,
            long traceHash,
            FaultPlan plan,
            Trace trace,
            String tail) {
        public boolean isClean() {
            return result == Result.CLEAN;
        }

        /** Everything that is needed to look into a failure. */
        public String report() {
            return "seed " + seed + ": " + result + (property.isEmpty() ? "" : " of " + property + "\n" + statement)
                    + "\n" + plan + "\n" + tail + "replay: -Dseed=" + seed;
        }
    }

    private int peerCount = 4;
    private FaultPlan.Preset preset = FaultPlan.Preset.STANDARD;
    private Mode mode = Mode.LIVENESS;
    private int commands = 20;
    private long faultsNs;
    private long patienceNs = 20_000 * MS;
    private Consumer<PbftContext> settings = context -> {};
    private Consumer<ReadContext> readSettings = context -> {};
    private Consumer<String> listener;
    private SimJournal.Flaw flaw = SimJournal.Flaw.NONE;

    /** Peers of the group. */
    public Simulator peers(final int newPeerCount) {
        peerCount = newPeerCount;
        return this;
    }

    public Simulator preset(final FaultPlan.Preset newPreset) {
        preset = newPreset;
        return this;
    }

    public Simulator mode(final Mode newMode) {
        mode = newMode;
        return this;
    }

    /** Commands that the clients submit in all. */
    public Simulator commands(final int newCommands) {
        commands = newCommands;
        return this;
    }

    /** Virtual time during which commands come and faults happen; 0, the default, draws 150 to 450 ms from the seed. */
    public Simulator faultsNs(final long newFaultsNs) {
        faultsNs = newFaultsNs;
        return this;
    }

    /** Virtual time after the last fault within which everything owed must come. */
    public Simulator patienceNs(final long newPatienceNs) {
        patienceNs = newPatienceNs;
        return this;
    }

    /** Changes the settings of every replica before they are concluded. */
    public Simulator settings(final Consumer<PbftContext> newSettings) {
        settings = newSettings;
        return this;
    }

    /** Changes the settings of every peer's reads before they are concluded. */
    public Simulator readSettings(final Consumer<ReadContext> newSettings) {
        readSettings = newSettings;
        return this;
    }

    /** Receives the readable trace, a line a record. */
    public Simulator listener(final Consumer<String> newListener) {
        listener = newListener;
        return this;
    }

    /** Gives every disk a flaw that the protocol cannot bear: a test of the checkers. */
    Simulator flaw(final SimJournal.Flaw newFlaw) {
        flaw = newFlaw;
        return this;
    }

    /** The plan of faults that a seed stands for. */
    public FaultPlan plan(final long seed) {
        final FaultPlan plan = FaultPlan.draw(
                preset, peerCount, Quorum.of(peerCount).faultyMax(), durationNs(seed), new SimRandom(seed).split(0));
        return mode == Mode.SAFETY ? plan.withoutEnd() : plan;
    }

    private long durationNs(final long seed) {
        final long drawnNs = new SimRandom(seed).split(6).between(FAULTS_MIN_NS, FAULTS_MAX_NS);
        return (faultsNs > 0 ? faultsNs : drawnNs) * (mode == Mode.SAFETY ? 2 : 1);
    }

    /** Runs one seed. */
    public Outcome run(final long seed) {
        return run(seed, plan(seed));
    }

    /** Runs one seed under another plan than its own, for scenarios and for making a failure smaller. */
    public Outcome run(final long seed, final FaultPlan plan) {
        final Trace trace = new Trace(listener);
        final long durationNs = durationNs(seed);
        final SimCluster cluster = new SimCluster(
                seed, peerCount, Quorum.of(peerCount).faultyMax(), commands, durationNs, plan, trace, context -> {
                    draw(context, new SimRandom(seed).split(5));
                    if (!plan.stepsAtNs().isEmpty()) {
                        makeRoomForRosters(context);
                    }
                    settings.accept(context);
                });
        final boolean isEndless = plan.calmAtNs() == Long.MAX_VALUE;
        final long deadlineNs = isEndless ? durationNs : Math.max(plan.calmAtNs(), durationNs) + patienceNs;
        Result result = Result.CLEAN;
        String property = "";
        String statement = "";
        cluster.readSettings(readSettings);
        cluster.tagging(preset.isTagging() || new SimRandom(seed).split(8).nextBoolean());
        cluster.flaw(flaw);
        cluster.start();
        try {
            while (!cluster.isSettled()) {
                final boolean isMoving = cluster.step();
                if (isEndless && cluster.clock().nowNs() > deadlineNs) {
                    break;
                }
                if (!isMoving
                        || cluster.clock().nowNs() > deadlineNs
                        || cluster.clock().eventCount() > EVENTS_MAX) {
                    result = Result.STALL;
                    property = "liveness";
                    statement = String.join("\n", cluster.owed());
                    break;
                }
            }
        } catch (final SafetyChecker.Violation violation) {
            result = Result.VIOLATION;
            property = violation.property();
            statement = violation.getMessage();
        } catch (final RuntimeException broken) {
            result = Result.VIOLATION;
            property = "exception";
            statement = describe(broken);
        }
        return new Outcome(
                seed,
                result,
                property,
                statement,
                cluster.clock().eventCount(),
                cluster.network().framesDelivered(),
                cluster.safety().appliedCount(),
                cluster.clock().nowNs(),
                trace.hash(),
                plan,
                trace,
                result == Result.CLEAN ? "" : trace.tail());
    }

    /** Runs a failing seed with fewer and fewer faults; returns the last run that still fails in the same way. */
    public Outcome shrink(final Outcome failure) {
        Outcome smallest = failure;
        final Outcome calm = run(failure.seed(), failure.plan().withCalmLinks());
        if (calm.property().equals(failure.property())) {
            smallest = calm;
        }
        int index = 0;
        while (index < smallest.plan().faults().size()) {
            final Outcome fewer = run(failure.seed(), smallest.plan().without(index));
            if (fewer.property().equals(failure.property())) {
                smallest = fewer;
            } else {
                index++;
            }
        }
        return smallest;
    }

    /** Small windows and short timers, so that a short run meets every edge; drawn, so that no relation is taken for granted. */
    private static void draw(final PbftContext context, final SimRandom random) {
        final int interval = 1 << random.nextInt(4);
        final long timeoutNs = random.between(20 * MS, 60 * MS);
        context.checkpointInterval(interval)
                .windowLength(interval * (2 + random.nextInt(3)))
                .inFlightMax(1 + random.nextInt(4))
                .batchCountMax(1 << random.nextInt(4))
                .clientWindow(1 << random.nextInt(5))
                .requestLengthMax(1024)
                .pageLength(256 << random.nextInt(3))
                .messageLengthMax(MESSAGE_LENGTH_FIXED + context.windowLength() * MESSAGE_LENGTH_PER_SLOT)
                .retransmitNs(4 * MS)
                .retransmitMaxNs(40 * MS)
                .statusIntervalNs(10 * MS)
                .recoveryPauseNs(50 * MS)
                .stateTransferDelayNs(20 * MS)
                .viewChangeTimeoutNs(timeoutNs)
                .viewChangeTimeoutMaxNs(16 * timeoutNs)
                .patienceNs(random.between(timeoutNs / 20, timeoutNs))
                .isReading(random.nextBoolean())
                .auditNs(random.between(MS / 10, 20 * MS))
                .relayLengthMax(random.nextInt(4) == 0 ? 0 : 1024);
    }

    /** A roster and its approvals are longer than anything else that clients say. */
    private static void makeRoomForRosters(final PbftContext context) {
        context.requestLengthMax(ROSTER_LENGTH_MAX).messageLengthMax(context.messageLengthMax() + ROSTER_LENGTH_MAX);
    }

    private static String describe(final RuntimeException broken) {
        final StringBuilder text = new StringBuilder(broken.toString());
        final List<StackTraceElement> frames = List.of(broken.getStackTrace());
        frames.stream().limit(8).forEach(frame -> text.append("\n    at ").append(frame));
        return text.toString();
    }
}
