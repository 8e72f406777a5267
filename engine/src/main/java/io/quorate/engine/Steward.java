package io.quorate.engine;

import io.quorate.engine.agent.AgentGroup;
import io.quorate.engine.agent.JobRing;
import io.quorate.engine.agent.JournalAgent;
import io.quorate.engine.agent.JournalRing;
import io.quorate.engine.agent.KernelAgent;
import io.quorate.engine.agent.ResultRing;
import io.quorate.engine.agent.Surroundings;
import io.quorate.engine.byzantine.LyingTransport;
import io.quorate.engine.decision.DecisionContext;
import io.quorate.engine.decision.DecisionMachine;
import io.quorate.engine.epoch.EpochMachine;
import io.quorate.engine.epoch.HandoverCertificate;
import io.quorate.engine.epoch.RosterStep;
import io.quorate.engine.journal.ArchiveJournal;
import io.quorate.engine.journal.JournalContext;
import io.quorate.engine.journal.JournalHistory;
import io.quorate.engine.journal.JournalIdentity;
import io.quorate.engine.membership.MembershipContext;
import io.quorate.engine.metrics.EngineStatus;
import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.StateMachine;
import io.quorate.engine.pbft.PbftContext;
import io.quorate.engine.verification.VerifyRing;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import io.quorate.transport.Transport;
import io.quorate.transport.aeron.AeronTransportContext;
import io.quorate.transport.aeron.EmbeddedDriver;
import io.quorate.transport.auth.Ed25519Provider;
import io.quorate.transport.auth.Ed25519Signer;
import io.quorate.transport.auth.Ed25519Verifier;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.random.RandomGeneratorFactory;
import org.agrona.CloseHelper;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.SystemNanoClock;

/**
 * Makes what a peer is made of in an epoch, and has the files meanwhile: the launching thread asks it for the first one, the {@link
 * Relay} for each that follows, on a thread of its own, for files and names of hosts may take their time.
 */
final class Steward implements AutoCloseable {
    private static final int RING_CAPACITY = 4 * 1024 * 1024;
    private static final int RESULT_CAPACITY = 1024 * 1024;
    private static final int JOURNAL_CAPACITY = 16 * 1024 * 1024;
    private static final long JOURNAL_PATIENCE_NS = 30_000_000_000L;
    private static final long PARK_NS = 50_000;
    private static final int GROUP_HEX_SHOWN = 16;

    /** Requests whose signatures wait to be checked; longer ones are checked as they come. */
    private static final int SIGNATURES = 512;

    private static final int SIGNED_LENGTH_MAX = 1_000;

    /** Where no thread of its own does it. */
    private static final int CHECKS_A_TURN = 8;

    private final EngineContext context;
    private final Ed25519Provider provider;
    private final EmbeddedDriver driver;
    private final EpochFiles files;
    private final AgentGroup.AgentFailure failure;
    private final AtomicReference<Tenure> ready = new AtomicReference<>();
    private JournalAgent journalAgent;
    private AgentGroup journalGroup;
    private Thread errand;
    private volatile String farewell;

    Steward(
            final EngineContext context,
            final Ed25519Provider provider,
            final EmbeddedDriver driver,
            final EpochFiles files,
            final AgentGroup.AgentFailure failure) {
        this.context = context;
        this.provider = provider;
        this.driver = driver;
        this.files = files;
        this.failure = failure;
    }

    EpochFiles files() {
        return files;
    }

    Ed25519Signer signer(final Roster roster) {
        return new Ed25519Signer(provider, context.identityIn(roster), roster);
    }

    Ed25519Verifier verifier(final Roster roster) {
        return new Ed25519Verifier(provider, roster);
    }

    int selfId(final Roster roster) {
        return roster.idOf(context.identityIn(roster).publicKey());
    }

    /** True if this peer has a key of a roster. */
    boolean isIn(final Roster roster) {
        return context.identityIn(roster) != null;
    }

    /** Settings of the links of an epoch; looks up the names of its hosts. */
    AeronTransportContext links(final Roster roster, final Incarnation incarnation) {
        final PeerIdentity identity = context.identityIn(roster);
        final AeronTransportContext links = new AeronTransportContext()
                .roster(roster)
                .identity(identity)
                .driver(driver)
                .provider(provider)
                .inOneTrustDomain(context.trustDomain() != null)
                .incarnation(incarnation.startCount());
        if (context.listenHost() != null && isAtItsPlace(roster.peer(roster.idOf(identity.publicKey())))) {
            links.listen(context.listenHost(), context.listenPort());
        }
        return links.conclude();
    }

    /** Where to listen was said of the address in the operator's roster; a step may have moved the peer. */
    private boolean isAtItsPlace(final Roster.Peer self) {
        final Roster given = context.roster();
        return self.address().equals(given.peer(context.peerId()).address());
    }

    /** Settings of a replica that begins in an epoch; K, L and the rest of the shape do not depend on whether it votes. */
    PbftContext replicaSettings(final Roster roster, final Incarnation incarnation, final boolean isFirstStart) {
        final PbftContext pbft = new PbftContext()
                .selfId(selfId(roster))
                .random(new SecureRandom())
                .isFirstStart(isFirstStart)
                .firstRequestNumber(incarnation.firstRequestNumber());
        GroupSettings.of(roster).applyTo(pbft, roster, context.identityIn(roster));
        return pbft.conclude();
    }

    private static DecisionContext decisionSettings(final Roster roster, final int selfId) {
        final GroupSettings settings = GroupSettings.of(roster);
        return new DecisionContext()
                .coordinator(settings.coordinator())
                .selfId(selfId)
                .epoch(roster.epoch())
                .roundDeadlineNs(settings.roundDeadlineNs())
                .nanoTime(System::nanoTime)
                .conclude();
    }

    /** A peer's links; in a drill, those of a liar. */
    Transport voice(final Transport links, final Tenure tenure) {
        return context.drill() == null
                ? links
                : new LyingTransport(
                        links,
                        context.drill(),
                        tenure.pbft().selfId(),
                        tenure.pbft().peerCount(),
                        tenure.signer(),
                        new SecureRandom(),
                        tenure.pbft().viewChangeTimeoutNs());
    }

    /** How the state of rounds goes over from the epoch of a roster into a next one. */
    static Function<Roster, StateMachine.Carrier> carrierFrom(final DecisionContext before) {
        return next -> DecisionMachine.carrier(before, decisionSettings(next, 0));
    }

    /**
     * Makes everything for a start in an epoch, opens its journal and starts that one's thread.
     *
     * @param incarnation this start
     * @param mayVote whether the replica may vote at once if there is no journal to tell
     */
    Tenure make(
            final EpochFiles.Station station,
            final AeronTransportContext links,
            final Incarnation incarnation,
            final boolean mayVote) {
        final Roster roster = station.roster();
        JournalRing journal = null;
        JournalHistory history = null;
        if (context.isMemoryOnly()) {
            setAside(files.journal(station));
        } else {
            history = openJournal(station, incarnation);
            journal = new JournalRing(JOURNAL_CAPACITY, history.lastNumber());
            startJournal(station, incarnation, journal);
        }
        // Without a journal, or with one that must not be used, only the first start of all may vote at once.
        final boolean isFresh = history == null || history.verdict() == JournalHistory.Verdict.EMPTY;
        final PbftContext pbft = replicaSettings(roster, incarnation, mayVote && isFresh);
        final DecisionContext decision = decisionSettings(roster, pbft.selfId());
        final JobRing jobs = new JobRing(RING_CAPACITY, pbft.quorum().quorum());
        final ResultRing results = new ResultRing(RESULT_CAPACITY);
        final KernelAgent kernels = new KernelAgent(
                jobs,
                results,
                decision,
                new ClientTable(pbft.peerCount(), pbft.clientWindow()),
                rounds -> new EpochMachine(
                        roster,
                        verifier(roster),
                        pbft.checkpointInterval(),
                        pbft.windowLength(),
                        GroupSettings::isUsable,
                        rounds));
        if (journal == null) {
            files.keep(roster, incarnation);
        }
        return new Tenure(
                station,
                links,
                signer(roster),
                verifier(roster),
                signatures(roster),
                pbft,
                decision,
                jobs,
                results,
                kernels,
                journal,
                history,
                identity(roster),
                watch(roster));
    }

    private VerifyRing signatures(final Roster roster) {
        return new VerifyRing(
                verifier(roster),
                roster.size(),
                SIGNATURES,
                SIGNED_LENGTH_MAX,
                context.threadingMode() == ThreadingMode.DEDICATED ? 0 : CHECKS_A_TURN);
    }

    /** How the peers of a roster are watched; null if its settings say that they are not. */
    private Surroundings.Watch watch(final Roster roster) {
        final MembershipContext membership = GroupSettings.of(roster).membership(roster, selfId(roster));
        return membership == null
                ? null
                : new Surroundings.Watch(
                        membership,
                        RandomGeneratorFactory.of("Xoshiro256PlusPlus").create(new SecureRandom().nextLong()));
    }

    private static void setAside(final Path journal) {
        if (Files.exists(journal)) {
            ArchiveJournal.setAside(journal, "stale");
        }
    }

    private JournalHistory openJournal(final EpochFiles.Station station, final Incarnation incarnation) {
        final Roster roster = station.roster();
        journalAgent = new JournalAgent(
                SystemNanoClock.INSTANCE,
                new ArchiveJournal(new JournalContext()
                        .directory(files.journal(station))
                        .driverDirectory(context.driverDirectory().resolve("journal-driver"))
                        .identity(JournalIdentity.of(
                                roster.groupId(), roster.epoch(), selfId(roster), incarnation.startCount()))
                        .fileSyncLevel(context.journalSyncLevel())
                        .conclude()));
        return journalAgent.open();
    }

    /** A start counts once its first base is on the disk, and before anybody hears of anything that rests on it. */
    private void startJournal(
            final EpochFiles.Station station, final Incarnation incarnation, final JournalRing journal) {
        journalAgent.ring(journal);
        journalAgent.onFirstBase(() -> {
            files.keep(station.roster(), incarnation);
            files.dropJournalsBesides(files.journal(station));
        });
        journalGroup = AgentGroup.alone(journalAgent, new BackoffIdleStrategy(10, 20, 1_000, 100_000), failure);
    }

    /** Waits until the base that a replica wrote when it was made is on the disk; until then a start has not happened. */
    void awaitBase(final JournalRing journal) {
        final long endNs = System.nanoTime() + JOURNAL_PATIENCE_NS;
        while (journal != null && journal.durableNumber() < journal.number()) {
            if (System.nanoTime() - endNs >= 0) {
                throw new IllegalStateException("the journal cannot be written: " + journal.failure());
            }
            LockSupport.parkNanos(PARK_NS);
        }
    }

    /**
     * It is proven what follows an epoch: keeps the proof and makes this peer's part in the next one, on a thread of its own. {@link
     * #take} has the result.
     *
     * @param current roster of the epoch that is over
     * @param mayVote whether this peer may vote in the next one as soon as it has the state
     */
    void succeed(final Roster current, final HandoverCertificate end, final boolean mayVote) {
        errand = new Thread(
                () -> {
                    try {
                        prepare(current, end, mayVote);
                    } catch (final RuntimeException | Error e) {
                        failure.onFailure(e);
                    }
                },
                "quorate-epoch");
        errand.setDaemon(true);
        errand.start();
    }

    private void prepare(final Roster current, final HandoverCertificate end, final boolean mayVote) {
        final Roster next = end.next();
        files.keep(current, end);
        if (!isIn(next)) {
            farewell = farewell(current, next);
            return;
        }
        closeJournal();
        final EpochFiles.Station station = new EpochFiles.Station(next, end);
        final Incarnation incarnation = files.next(next);
        if (incarnation.isFirstStart() && !context.isMemoryOnly()) {
            // Of a start that never counted; the state comes with us.
            ArchiveJournal.remove(files.journal(station));
        }
        ready.set(make(station, links(next, incarnation), incarnation, mayVote && incarnation.isFirstStart()));
    }

    private String farewell(final Roster current, final Roster next) {
        final boolean isGone =
                !isIn(current) || RosterStep.between(current, next).newIdOf(selfId(current)) == RosterStep.GONE;
        return "epoch " + next.epoch() + " has begun "
                + (isGone
                        ? "without this peer: leave it running until the others are in that epoch, then stop it"
                        : "and this peer has no key of it: start it again with the roster of that epoch, that of the one"
                                + " before, and its new key");
    }

    /** What {@link #succeed} made, once; null if there is nothing, or nothing yet. */
    Tenure take() {
        return ready.get() == null ? null : ready.getAndSet(null);
    }

    /** Why this peer is none any more, in words; null while it is one. */
    String farewell() {
        return farewell;
    }

    private EngineStatus identity(final Roster roster) {
        return identity(roster, selfId(roster), new EngineStatus.Epoch("open", 0, 0));
    }

    /** A status in which only the unchanging parts are filled in. */
    EngineStatus identity(final Roster roster, final int selfId, final EngineStatus.Epoch progress) {
        final Primitives kernels = PrimitivesProvider.preferred();
        return new EngineStatus(
                selfId,
                roster.peer(selfId).name(),
                roster.size(),
                HexFormat.of().formatHex(roster.groupId()).substring(0, GROUP_HEX_SHOWN),
                roster.epoch(),
                progress,
                0,
                0,
                false,
                0,
                0,
                "",
                List.of(),
                List.of(),
                EngineStatus.Mesh.none(),
                EngineStatus.Health.none(),
                kernels.name(),
                kernels.bits(),
                provider.providerName(),
                0,
                0,
                EngineStatus.Journal.none(),
                Map.of());
    }

    private void closeJournal() {
        if (journalGroup != null) {
            CloseHelper.quietClose(journalGroup);
        } else {
            CloseHelper.quietClose(journalAgent == null ? null : journalAgent::onClose);
        }
        journalGroup = null;
        journalAgent = null;
    }

    /** Ends what is under way, and the journal; when no agent runs any more. */
    @Override
    public void close() {
        try {
            if (errand != null) {
                errand.join();
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        final Tenure unused = take();
        if (unused != null) {
            unused.kernels().onClose();
        }
        closeJournal();
    }
}
