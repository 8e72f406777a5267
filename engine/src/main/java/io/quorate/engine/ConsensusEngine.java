package io.quorate.engine;

import io.quorate.engine.agent.AgentGroup;
import io.quorate.engine.agent.CertifiedDecision;
import io.quorate.engine.agent.CommandRing;
import io.quorate.engine.agent.ConsensusAgent;
import io.quorate.engine.agent.JobRing;
import io.quorate.engine.agent.JournalAgent;
import io.quorate.engine.agent.JournalRing;
import io.quorate.engine.agent.KernelAgent;
import io.quorate.engine.agent.Mailbox;
import io.quorate.engine.agent.ResultRing;
import io.quorate.engine.coordination.ContributionOutcome;
import io.quorate.engine.coordination.CoordinatorContext;
import io.quorate.engine.coordination.PeerOutput;
import io.quorate.engine.decision.DecisionContext;
import io.quorate.engine.decision.DecisionMachine;
import io.quorate.engine.decision.DecisionMachine.RoundStatus;
import io.quorate.engine.epoch.EpochMachine;
import io.quorate.engine.journal.ArchiveJournal;
import io.quorate.engine.journal.JournalContext;
import io.quorate.engine.journal.JournalHistory;
import io.quorate.engine.journal.JournalIdentity;
import io.quorate.engine.metrics.EngineStatus;
import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.pbft.PbftContext;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import io.quorate.transport.aeron.AeronTransport;
import io.quorate.transport.aeron.AeronTransportContext;
import io.quorate.transport.aeron.EmbeddedDriver;
import io.quorate.transport.auth.Ed25519Provider;
import io.quorate.transport.auth.Ed25519Signer;
import io.quorate.transport.auth.Ed25519Verifier;
import io.quorate.transport.auth.Roster;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.agrona.CloseHelper;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.SystemNanoClock;

/**
 * One peer of a group, inside the embedder's process: contribute a vector and an answer to a round, get the decision that the
 * group agreed on, with its certificate.
 *
 * <p>Methods may be called from any thread, except {@link #doWork()}, which belongs to one. Results come by waiting, by polling
 * {@link #nextDecision()}, or by {@link EngineContext#decisionListener}.
 */
public final class ConsensusEngine implements AutoCloseable {
    private static final int RING_CAPACITY = 4 * 1024 * 1024;
    private static final int RESULT_CAPACITY = 1024 * 1024;
    private static final int JOURNAL_CAPACITY = 16 * 1024 * 1024;
    private static final long JOURNAL_PATIENCE_NS = 30_000_000_000L;
    private static final long PARK_NS = 50_000;
    private static final int GROUP_HEX_SHOWN = 16;

    private final CoordinatorContext settings;
    private final CommandRing commands = new CommandRing(RING_CAPACITY);
    private final Mailbox mailbox = new Mailbox();
    private final AtomicLong tickets = new AtomicLong();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private EmbeddedDriver driver;
    private AeronTransport transport;
    private KernelAgent kernels;
    private AgentGroup agents;
    private JournalAgent journalAgent;
    private JournalRing journal;
    private AgentGroup journalGroup;
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
     * @throws IllegalStateException if the engine is closed or has stopped, or its ring is full
     */
    public long contribute(final String round, final String type, final String content, final MemorySegment vector) {
        requireRunning();
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
     * that any peer was told before.
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
        requireRunning();
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

    /** What the peer says of itself now. */
    public EngineStatus status(final Duration timeout) throws TimeoutException, InterruptedException {
        requireRunning();
        final long before = mailbox.statusCount();
        commands.requestStatus();
        return await(() -> mailbox.statusCount() > before ? mailbox.status() : null, timeout, "no status");
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
            CloseHelper.quietClose(transport);
            CloseHelper.quietClose(kernels == null ? null : kernels::onClose);
        }
        if (journalGroup != null) {
            CloseHelper.quietClose(journalGroup);
        } else {
            CloseHelper.quietClose(journalAgent == null ? null : journalAgent::onClose);
        }
        CloseHelper.quietClose(driver);
    }

    private void start(final EngineContext context) {
        final Roster roster = context.roster();
        final String group = HexFormat.of().formatHex(roster.groupId());
        Incarnation.makeFolder(context.dataDirectory());
        final Incarnation incarnation = Incarnation.next(context.dataDirectory(), group, System.currentTimeMillis());
        final Ed25519Provider provider = Ed25519Provider.choose();
        final DecisionContext decision = decisionSettings(context);
        RoundWarmup.run(settings, context.warmUpMax().toNanos());
        final PbftContext shape = pbftSettings(context, new Incarnation(1, 1), null);
        final JobRing jobs = new JobRing(RING_CAPACITY, shape.quorum().quorum());
        final ResultRing results = new ResultRing(RESULT_CAPACITY);
        kernels = new KernelAgent(
                jobs,
                results,
                decision,
                new ClientTable(shape.peerCount(), shape.clientWindow()),
                rounds -> new EpochMachine(
                        roster,
                        new Ed25519Verifier(provider, roster),
                        shape.checkpointInterval(),
                        shape.windowLength(),
                        GroupSettings::isUsable,
                        rounds));
        driver = EmbeddedDriver.launch(
                context.driverDirectory(), driverThreading(context.threadingMode()), context.driverSettings());
        transport = transport(context, provider, incarnation);
        // Folder and port are ours, and no agent runs yet: from here on the peer may vote, so this start counts.
        final JournalHistory history = openJournal(context, incarnation);
        final PbftContext pbft = pbftSettings(context, incarnation, history);
        final ConsensusAgent consensus = new ConsensusAgent(
                new ConsensusAgent.Surroundings(
                        SystemNanoClock.INSTANCE,
                        transport,
                        new Ed25519Signer(provider, context.identity(), roster),
                        new Ed25519Verifier(provider, roster),
                        jobs,
                        results,
                        commands,
                        mailbox,
                        identity(context, group, provider),
                        driver::packetsRefused,
                        journal,
                        history,
                        context.decisionListener()),
                pbft,
                decision);
        startJournal();
        incarnation.keep(context.dataDirectory(), group);
        agents = group(context, consensus, kernels);
    }

    /** Reads the journal and opens it for writing; null in memory-only mode, which makes an earlier journal worthless. */
    private JournalHistory openJournal(final EngineContext context, final Incarnation incarnation) {
        final Path folder = context.dataDirectory().resolve("journal");
        if (context.isMemoryOnly()) {
            if (Files.exists(folder)) {
                ArchiveJournal.setAside(folder, "stale");
            }
            return null;
        }
        final Roster roster = context.roster();
        journalAgent = new JournalAgent(
                SystemNanoClock.INSTANCE,
                new ArchiveJournal(new JournalContext()
                        .directory(folder)
                        .driverDirectory(context.driverDirectory().resolve("journal-driver"))
                        .identity(JournalIdentity.of(
                                roster.groupId(), roster.epoch(), context.peerId(), incarnation.startCount()))
                        .fileSyncLevel(context.journalSyncLevel())
                        .conclude()));
        final JournalHistory history = journalAgent.open();
        journal = new JournalRing(JOURNAL_CAPACITY, history.lastNumber());
        journalAgent.ring(journal);
        return history;
    }

    /** The replica has written its base; nothing else happens before that is on the disk. */
    private void startJournal() {
        if (journal == null) {
            return;
        }
        journalGroup = AgentGroup.alone(journalAgent, new BackoffIdleStrategy(10, 20, 1_000, 100_000), this::stop);
        final long endNs = System.nanoTime() + JOURNAL_PATIENCE_NS;
        while (journal.durableNumber() < journal.number()) {
            if (System.nanoTime() - endNs >= 0 || failure.get() != null) {
                throw new IllegalStateException("the journal cannot be written: " + journal.failure());
            }
            LockSupport.parkNanos(PARK_NS);
        }
    }

    private AeronTransport transport(
            final EngineContext context, final Ed25519Provider provider, final Incarnation incarnation) {
        final AeronTransportContext links = new AeronTransportContext()
                .roster(context.roster())
                .identity(context.identity())
                .driver(driver)
                .provider(provider)
                .incarnation(incarnation.startCount());
        if (context.listenHost() != null) {
            links.listen(context.listenHost(), context.listenPort());
        }
        return AeronTransport.launch(links);
    }

    private AgentGroup group(final EngineContext context, final ConsensusAgent consensus, final KernelAgent kernels) {
        return switch (context.threadingMode()) {
            case SHARED ->
                AgentGroup.shared(consensus, kernels, context.idleStrategy().get(), this::stop);
            case DEDICATED ->
                AgentGroup.dedicated(
                        consensus,
                        context.idleStrategy().get(),
                        kernels,
                        context.idleStrategy().get(),
                        this::stop);
            case INVOKER -> AgentGroup.invoked(consensus, kernels, this::stop);
        };
    }

    private static EmbeddedDriver.Threading driverThreading(final ThreadingMode mode) {
        return mode == ThreadingMode.DEDICATED ? EmbeddedDriver.Threading.SHARED : EmbeddedDriver.Threading.INVOKER;
    }

    /** Without a journal, or with one that must not be used, only the first start of all may vote at once. */
    private static PbftContext pbftSettings(
            final EngineContext context, final Incarnation incarnation, final JournalHistory history) {
        final boolean isFresh = history == null || history.verdict() == JournalHistory.Verdict.EMPTY;
        final PbftContext pbft = new PbftContext()
                .selfId(context.peerId())
                .random(new SecureRandom())
                .isFirstStart(incarnation.isFirstStart() && isFresh)
                .firstRequestNumber(incarnation.firstRequestNumber());
        context.settings().applyTo(pbft);
        return pbft.conclude();
    }

    private static DecisionContext decisionSettings(final EngineContext context) {
        return new DecisionContext()
                .coordinator(context.settings().coordinator())
                .selfId(context.peerId())
                .epoch(context.roster().epoch())
                .roundDeadlineNs(context.settings().roundDeadlineNs())
                .nanoTime(System::nanoTime)
                .conclude();
    }

    private static EngineStatus identity(
            final EngineContext context, final String group, final Ed25519Provider provider) {
        final Primitives kernels = PrimitivesProvider.preferred();
        return new EngineStatus(
                context.peerId(),
                context.roster().peer(context.peerId()).name(),
                context.roster().size(),
                group.substring(0, GROUP_HEX_SHOWN),
                context.roster().epoch(),
                0,
                0,
                false,
                0,
                0,
                "",
                List.of(),
                List.of(),
                kernels.name(),
                kernels.bits(),
                provider.providerName(),
                0,
                0,
                EngineStatus.Journal.none(),
                Map.of());
    }

    /** Any error of an agent stops this peer: for the group that is a crash, which it survives. */
    private void stop(final Throwable error) {
        failure.compareAndSet(null, error);
    }

    private <T> T await(final Supplier<T> source, final Duration timeout, final String complaint)
            throws TimeoutException, InterruptedException {
        final long endNs = System.nanoTime() + timeout.toNanos();
        while (true) {
            final T value = source.get();
            if (value != null) {
                return value;
            }
            requireRunning();
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
