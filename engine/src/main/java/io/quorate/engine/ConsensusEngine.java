package io.quorate.engine;

import io.quorate.engine.agent.AgentGroup;
import io.quorate.engine.agent.CertifiedDecision;
import io.quorate.engine.agent.CommandRing;
import io.quorate.engine.agent.Mailbox;
import io.quorate.engine.coordination.ContributionOutcome;
import io.quorate.engine.coordination.CoordinatorContext;
import io.quorate.engine.coordination.PeerOutput;
import io.quorate.engine.decision.DecisionMachine;
import io.quorate.engine.decision.DecisionMachine.RoundStatus;
import io.quorate.engine.epoch.ReconfigureCommand;
import io.quorate.engine.epoch.RosterStep;
import io.quorate.engine.epoch.Verdict;
import io.quorate.engine.membership.PartitionGuard;
import io.quorate.engine.metrics.EngineStatus;
import io.quorate.engine.node.MeshView;
import io.quorate.engine.node.ReadOnlyException;
import io.quorate.engine.verification.VerifyAgent;
import io.quorate.transport.aeron.EmbeddedDriver;
import io.quorate.transport.auth.Ed25519Provider;
import io.quorate.transport.auth.Ed25519Verifier;
import io.quorate.transport.auth.Roster;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.agrona.CloseHelper;
import org.agrona.ExpandableArrayBuffer;

/**
 * One peer of a group, inside the embedder's process: contribute a vector and an answer to a round, get the decision that the
 * group agreed on, with its certificate.
 *
 * <p>Methods may be called from any thread, except {@link #doWork()}, which belongs to one. Results come by waiting, by polling
 * {@link #nextDecision()}, or by {@link EngineContext#decisionListener}.
 */
public final class ConsensusEngine implements AutoCloseable {
    private static final int COMMAND_CAPACITY = 4 * 1024 * 1024;
    private static final long PARK_NS = 50_000;

    private final CoordinatorContext settings;
    private final CommandRing commands = new CommandRing(COMMAND_CAPACITY);
    private final Mailbox mailbox = new Mailbox();
    private final AtomicLong tickets = new AtomicLong();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final KernelSeat kernels = new KernelSeat();
    private final VerifyAgent verifier = new VerifyAgent();
    private EmbeddedDriver driver;
    private Steward steward;
    private Relay relay;
    private AgentGroup agents;
    private volatile boolean isClosed;

    private ConsensusEngine(final CoordinatorContext settings) {
        this.settings = settings;
    }

    /**
     * Starts a peer: media driver, links, agents.
     *
     * @throws IllegalArgumentException if a setting is missing or wrong
     * @throws IllegalStateException if a JVM flag is missing, the port or a folder is in use, or the data folder is damaged
     */
    public static ConsensusEngine launch(final EngineContext context) {
        LaunchChecks.requireJvmFlags();
        if (!context.isConcluded()) {
            context.conclude();
        }
        final ConsensusEngine engine = new ConsensusEngine(context.settings().coordinator());
        try {
            engine.start(context);
        } catch (final RuntimeException | Error e) {
            engine.close();
            throw e;
        }
        return engine;
    }

    /** As {@link #contribute(String, String, String, MemorySegment)}, from an array and without a type. */
    public long contribute(final String round, final float[] vector, final String content) {
        return contribute(round, "", content, MemorySegment.ofArray(vector));
    }

    /**
     * Hands this peer's output for a round to the group. The vector goes from the segment straight into the agent's ring.
     *
     * @param round name, 1 to 64 bytes of UTF-8
     * @param type what kind of peer speaks, at most 64 bytes; may be empty
     * @param content the peer's answer
     * @param vector float32 in native order, as many as the group's dimension; finite, not all zero
     * @return ticket for {@link #awaitOutcome}
     * @throws IllegalArgumentException if an argument is not as the group allows
     * @throws ReadOnlyException if this peer is cut off from a quorum; nothing was handed in then
     * @throws IllegalStateException if the engine is closed or has stopped, or its ring is full
     */
    public long contribute(final String round, final String type, final String content, final MemorySegment vector) {
        requireMember();
        requireQuorum();
        ContributionChecks.require(settings, round, type, content, vector);
        final int lengthBytes = PeerOutput.encodedLength(
                round.getBytes(StandardCharsets.UTF_8).length,
                type.getBytes(StandardCharsets.UTF_8).length,
                content.getBytes(StandardCharsets.UTF_8).length,
                settings.dimension());
        final long ticket = tickets.incrementAndGet();
        final int index = commands.claimContribution(ticket, System.nanoTime(), lengthBytes);
        if (index < 0) {
            throw new IllegalStateException("contributions come faster than the group orders them; try again later");
        }
        boolean isWritten = false;
        try {
            PeerOutput.encode(commands.buffer(), index, round, type, content, vector);
            isWritten = true;
        } finally {
            if (isWritten) {
                commands.commit(index);
            } else {
                commands.abort(index);
            }
        }
        mailbox.sort();
        return ticket;
    }

    /**
     * Waits until f + 1 peers have said what became of a contribution.
     *
     * @throws TimeoutException if that takes longer
     */
    public ContributionOutcome awaitOutcome(final long ticket, final Duration timeout)
            throws TimeoutException, InterruptedException {
        return await(() -> mailbox.outcome(ticket), timeout, "no outcome of contribution " + ticket);
    }

    /**
     * Waits for the certified decision of a round; at once if it is among the recent ones.
     *
     * @throws TimeoutException if that takes longer
     */
    public CertifiedDecision awaitDecision(final String round, final Duration timeout)
            throws TimeoutException, InterruptedException {
        return await(() -> mailbox.decision(round), timeout, "no certified decision of round \"" + round + "\"");
    }

    /** The oldest certified decision that this method has not returned before, or null. */
    public CertifiedDecision nextDecision() {
        requireRunning();
        return mailbox.nextDecision();
    }

    /** The certified decision of a recent round, or null. */
    public CertifiedDecision decision(final String round) {
        return mailbox.decision(round);
    }

    /**
     * Asks the group what is known of a round. In a group whose setting {@code reads} is {@code unordered}, q peers answer out of their
     * newest state; else, or if they do not agree, the question is ordered. Either way the answer is not older than anything
     * that any peer was told before. A peer that is cut off from a quorum answers out of its own state, and the answer says so: {@link
     * RoundStatus#isStale}.
     *
     * @throws TimeoutException if that takes longer
     * @throws IllegalStateException if the engine is closed or has stopped, or its ring is full
     */
    public RoundStatus roundStatus(final String round, final Duration timeout)
            throws TimeoutException, InterruptedException {
        final long ticket = askRoundStatus(round);
        return await(() -> mailbox.answer(ticket), timeout, "no answer about round \"" + round + "\"");
    }

    /**
     * As {@link #roundStatus}, without waiting for the answer.
     *
     * @return ticket for {@link #answer}
     */
    public long askRoundStatus(final String round) {
        requireMember();
        if (!PeerOutput.isRoundName(round)) {
            throw new IllegalArgumentException("a round's name has 1 to " + PeerOutput.ROUND_LENGTH_MAX
                    + " bytes of UTF-8 without control characters, given \"" + round + "\"");
        }
        final ExpandableArrayBuffer query = new ExpandableArrayBuffer();
        final int lengthBytes = DecisionMachine.encodeQuery(query, 0, round);
        final long ticket = tickets.incrementAndGet();
        final int index = commands.claimQuery(ticket, System.nanoTime(), lengthBytes);
        if (index < 0) {
            throw new IllegalStateException("requests come faster than the group orders them; try again later");
        }
        commands.buffer().putBytes(index, query, 0, lengthBytes);
        commands.commit(index);
        return ticket;
    }

    /** What the group answered to {@link #askRoundStatus}; null if it is not known yet or no longer kept. */
    public RoundStatus answer(final long ticket) {
        return mailbox.answer(ticket);
    }

    /**
     * Asks the group to go on with another roster, one step away (docs/protocols/reconfiguration.md, section 2). If it accepts, the
     * group goes on in the next epoch some sequences later, and so does this peer, if it has a key of that roster.
     *
     * @param approvals signatures of q peers by their ids, made by {@link ReconfigureCommand#approve}
     * @return ticket for {@link #awaitVerdict}
     * @throws IllegalArgumentException if the roster is no step from the present one
     * @throws ReadOnlyException if this peer is cut off from a quorum; nothing was handed in then
     */
    public long reconfigure(final Roster next, final Map<Integer, byte[]> approvals) {
        requireMember();
        requireQuorum();
        final Roster current = roster();
        RosterStep.between(current, next);
        final byte[] command = ReconfigureCommand.encode(current, next, approvals);
        final long ticket = tickets.incrementAndGet();
        final int index = commands.claimStep(ticket, System.nanoTime(), command.length);
        if (index < 0) {
            throw new IllegalStateException("requests come faster than the group orders them; try again later");
        }
        commands.buffer().putBytes(index, command);
        commands.commit(index);
        return ticket;
    }

    /**
     * Waits until enough peers have said what became of a command for another roster.
     *
     * @throws TimeoutException if that takes longer
     */
    public Verdict.Told awaitVerdict(final long ticket, final Duration timeout)
            throws TimeoutException, InterruptedException {
        return await(() -> mailbox.verdict(ticket), timeout, "no verdict on the next roster");
    }

    /** The roster of the epoch that this peer stands in. */
    public Roster roster() {
        return relay.roster();
    }

    /** How this peer sees the others of its epoch: who is there, and whether a quorum is. Null if the group's setting {@code membership} is off. */
    public MeshView peers() {
        return relay.view();
    }

    /** What the peer says of itself now. */
    public EngineStatus status(final Duration timeout) throws TimeoutException, InterruptedException {
        requireRunning();
        final long before = mailbox.statusCount();
        commands.requestStatus();
        return await(
                () -> mailbox.statusCount() > before ? mailbox.status() : null,
                this::requireRunning,
                timeout,
                "no status");
    }

    /** One turn of the agents in threading mode INVOKER; the amount of work done. */
    public int doWork() {
        requireRunning();
        return agents.doWork();
    }

    /** True once an agent has stopped by an error; the other methods then throw it. */
    public boolean hasFailed() {
        return failure.get() != null;
    }

    /** Stops the agents, closes the links, removes the driver's folder. */
    @Override
    public void close() {
        isClosed = true;
        if (agents != null) {
            CloseHelper.quietClose(agents);
        } else {
            // The launch failed halfway: nobody owns these yet.
            CloseHelper.quietClose(relay == null ? null : relay::onClose);
            CloseHelper.quietClose(kernels::onClose);
        }
        CloseHelper.quietClose(steward);
        CloseHelper.quietClose(driver);
    }

    private void start(final EngineContext context) {
        Incarnation.makeFolder(context.dataDirectory());
        final Ed25519Provider provider = Ed25519Provider.choose();
        final EpochFiles files = new EpochFiles(context.dataDirectory(), of -> new Ed25519Verifier(provider, of));
        final List<EpochFiles.Station> stations = files.stations(context.roster());
        final EpochFiles.Station home = files.home(stations, context.roster(), of -> context.identityIn(of) != null);
        RoundWarmup.run(settings, context.warmUpMax().toNanos());
        if (context.trustDomain() == null) {
            driver = EmbeddedDriver.launch(
                    context.driverDirectory(), driverThreading(context.threadingMode()), context.driverSettings());
        }
        final EmbeddedDriver links = driver == null ? context.trustDomain() : driver;
        steward = new Steward(context, provider, links, files, this::stop);
        relay = new Relay(
                new Relay.Desk(commands, mailbox, links::packetsRefused, context.decisionListener()),
                steward,
                kernels,
                verifier);
        // Folder and port are ours then, and no agent runs yet.
        relay.begin(stations, home, context.rosterBefore());
        agents = group(context);
    }

    private AgentGroup group(final EngineContext context) {
        return switch (context.threadingMode()) {
            case SHARED ->
                AgentGroup.shared(relay, kernels, context.idleStrategy().get(), this::stop);
            case DEDICATED -> AgentGroup.dedicated(context.idleStrategy(), this::stop, relay, kernels, verifier);
            case INVOKER -> AgentGroup.invoked(relay, kernels, this::stop);
        };
    }

    private static EmbeddedDriver.Threading driverThreading(final ThreadingMode mode) {
        return mode == ThreadingMode.DEDICATED ? EmbeddedDriver.Threading.SHARED : EmbeddedDriver.Threading.INVOKER;
    }

    /** Any error of an agent stops this peer: for the group that is a crash, which it survives. */
    private void stop(final Throwable error) {
        failure.compareAndSet(null, error);
    }

    private <T> T await(final Supplier<T> source, final Duration timeout, final String complaint)
            throws TimeoutException, InterruptedException {
        return await(source, this::requireMember, timeout, complaint);
    }

    private <T> T await(final Supplier<T> source, final Runnable check, final Duration timeout, final String complaint)
            throws TimeoutException, InterruptedException {
        final long endNs = System.nanoTime() + timeout.toNanos();
        while (true) {
            final T value = source.get();
            if (value != null) {
                return value;
            }
            check.run();
            if (System.nanoTime() - endNs >= 0) {
                throw new TimeoutException(complaint + " within " + timeout.toMillis() + " ms");
            }
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            if (!agents.isInvoked() || agents.doWork() == 0) {
                LockSupport.parkNanos(PARK_NS);
            }
        }
    }

    private void requireMember() {
        requireRunning();
        if (steward.farewell() != null) {
            throw new IllegalStateException(steward.farewell());
        }
    }

    private void requireQuorum() {
        final MeshView view = relay.view();
        final PartitionGuard.Refusal refusal = view == null ? null : view.minority(System.nanoTime());
        if (refusal != null) {
            throw new ReadOnlyException(refusal);
        }
    }

    private void requireRunning() {
        final Throwable error = failure.get();
        if (error != null) {
            throw new IllegalStateException("this peer has stopped: " + error.getMessage(), error);
        }
        if (isClosed) {
            throw new IllegalStateException("this engine is closed");
        }
    }
}
