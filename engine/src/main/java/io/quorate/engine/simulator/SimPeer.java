package io.quorate.engine.simulator;

import io.quorate.engine.byzantine.Plot;
import io.quorate.engine.byzantine.Strategy;
import io.quorate.engine.checker.LivenessChecker;
import io.quorate.engine.checker.SafetyChecker;
import io.quorate.engine.disk.SimJournal;
import io.quorate.engine.epoch.EpochAdapter;
import io.quorate.engine.epoch.EpochPublisher;
import io.quorate.engine.epoch.HandoverCertificate;
import io.quorate.engine.epoch.Joining;
import io.quorate.engine.epoch.RosterStep;
import io.quorate.engine.journal.JournalHistory;
import io.quorate.engine.pbft.PbftContext;
import io.quorate.engine.virtual.SimKeys;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.engine.virtual.Trace;
import io.quorate.transport.Authenticator;
import io.quorate.transport.FrameHandler;
import io.quorate.transport.auth.Roster;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One process in all its lives. Each life is the production stack made anew, as a restarted process would make it: nothing is
 * carried over but the peer's number and keys, what it knows of epochs, and the disk of a durable peer.
 */
final class SimPeer implements LivenessChecker.Watched {
    private static final long TICK_NS = 2_000_000;
    private static final long CLOCK_DRIFT_MAX_PPM = 10_000;
    private static final long CLOCK_ORIGIN_NS = 1_000_000_000_000L;
    private static final long NUMBERS_PER_LIFE = 1L << 32;

    private final int number;
    private final int node;
    private final SimCluster cluster;
    private final SimKeys keys;
    private final Plot plot;
    private final Strategy strategy;
    private final SimRandom random;
    private final SimFiles files;
    private final Consumer<PbftContext> settings;
    private final VoteWatch watch;
    private final FrameHandler onMessage;
    private final Runnable endTurn = this::endTurn;
    private final long clockDriftPpm;

    private long clockShiftNs;
    private boolean isLying;
    private int incarnation;
    private boolean isUp;
    private boolean isVoting;
    private boolean hasLeft;
    private long pausedUntilNs;
    private Newcomer newcomer;
    private SimMember member;

    /** What a process knows before it has seen the epoch open that it joins. */
    private record Newcomer(Roster before, SimEpoch joined, Joining joining, EpochAdapter adapter, Runnable flush) {}

    /** @param node its place in the network: the number, or a place behind all peers for the second half of a twin */
    SimPeer(
            final int number,
            final int node,
            final SimCluster cluster,
            final SimKeys keys,
            final Plot plot,
            final Strategy strategy,
            final SimRandom random,
            final boolean isDurable,
            final Consumer<PbftContext> settings) {
        this.number = number;
        this.node = node;
        this.cluster = cluster;
        this.keys = keys;
        this.plot = plot;
        this.strategy = strategy;
        this.random = random;
        files = new SimFiles(this, cluster, keys, random, isDurable && strategy == null);
        this.settings = settings;
        onMessage = this::onMessage;
        watch = strategy == null ? new VoteWatch(this, cluster) : null;
        clockDriftPpm = random.between(-CLOCK_DRIFT_MAX_PPM, CLOCK_DRIFT_MAX_PPM);
    }

    /** Makes it a peer of the first epoch. */
    void found(final SimEpoch first) {
        files.add(first, null);
    }

    /** Its operator starts it as a newcomer, with the rosters of the epoch before and of the one that it joins. */
    void join(final Roster before, final SimEpoch joined) {
        if (newcomer == null && files.isEmpty()) {
            newcomer = new Newcomer(before, joined, null, null, null);
            start();
        }
    }

    /** Begins a life; the first one has a vote at once, a later one must earn it. */
    void start() {
        if (isUp || hasLeft || (files.isEmpty() && newcomer == null)) {
            return;
        }
        incarnation++;
        isUp = true;
        // A start counts once its first base is on the disk.
        final boolean isFirst = incarnation == 1 || (files.isDurable() && !files.hasSpoken());
        final SimFiles.Station home = files.home();
        final JournalHistory history = home == null ? JournalHistory.empty() : files.open(home, this::onDurable);
        isVoting = history.isIntact() ? isVoting : isFirst;
        cluster.trace().record(cluster.clock().nowNs(), node, Trace.Kind.RESTART, incarnation, 0);
        final SimNetwork.Port port = cluster.network().attach(node, incarnation, this::onFrame);
        if (watch != null) {
            watch.begin(history.isIntact());
        }
        if (home == null) {
            ask();
        } else {
            files.remember(home);
            final SimEpoch epoch = home.epoch();
            final int selfId = epoch.idOf(number);
            final SimNetwork.Port way = epoch.number() == SimNetwork.FIRST_EPOCH ? port : port(epoch);
            final boolean votedBefore = isVoting;
            isVoting |= history.isIntact();
            enter(new SimMember.Start(epoch, selfId, way, isFirst, home.disk(), history, home.openedBy(), null));
            if (history.isIntact()) {
                isVoting = member.replica().hasVote();
                if (votedBefore && !isVoting) {
                    throw violation("journal", "restarts from its journal without the vote that it had");
                }
            }
        }
        tickLater(incarnation);
    }

    /** A way into the group of an epoch that this process is a peer of. */
    SimNetwork.Port port(final SimEpoch epoch) {
        return cluster.network().open(node, epoch.number(), epoch.idOf(number), epoch.processes());
    }

    /** Knows the epoch that it joins, and not yet what opened it. */
    private void ask() {
        final SimEpoch joined = newcomer.joined();
        final int selfId = joined.idOf(number);
        final SimNetwork.Port way = port(joined);
        final Joining joining = new Joining(
                newcomer.before(),
                SimEpoch.of(newcomer.before()).verifier(keys),
                joined.roster(),
                selfId,
                new EpochPublisher(way, way, selfId, joined.size()),
                SimMember.settings(context(joined.size(), selfId, false, null)));
        newcomer = new Newcomer(newcomer.before(), joined, joining, new EpochAdapter(joining), way::flush);
    }

    /** Settings of a replica in this life. */
    PbftContext context(
            final int peerCount, final int selfId, final boolean isFirst, final Authenticator authenticator) {
        final PbftContext context = new PbftContext()
                .authenticator(authenticator)
                .peerCount(peerCount)
                .selfId(selfId)
                .random(draw(1000))
                .isFirstStart(isFirst)
                .firstRequestNumber(firstNumber());
        settings.accept(context);
        return context.conclude();
    }

    /** Chance for one use in this life and epoch. */
    SimRandom draw(final long use) {
        final long epochsBefore = member == null ? 0 : member.epoch().number();
        return random.split(use + incarnation + epochsBefore * SimFiles.LABELS_PER_EPOCH);
    }

    /** Of the requests and reads of this life. */
    long firstNumber() {
        return 1 + (incarnation - 1) * NUMBERS_PER_LIFE;
    }

    Strategy strategy() {
        return strategy;
    }

    Plot plot() {
        return plot;
    }

    /** Until when it does nothing, if that is in the future. */
    long pausedUntilNs() {
        return pausedUntilNs;
    }

    private void enter(final SimMember.Start start) {
        member = new SimMember(this, cluster, keys, start);
        if (start.openedBy() != null) {
            cluster.onOpened(start.epoch());
            member.tellOpened(start.openedBy());
        }
    }

    /** The epoch is over here: goes on in the next one, or is no peer any more. */
    private void advance() {
        final HandoverCertificate end = member.succession().certificate();
        final int newId =
                RosterStep.between(member.epoch().roster(), end.next()).newIdOf(member.selfId());
        files.end(member, isLying && strategy == Strategy.STRADDLER);
        if (newId == RosterStep.GONE) {
            leave();
            return;
        }
        enterNext(SimEpoch.of(end.next()), end, member.replica().hasVote(), member);
    }

    private void enterNext(
            final SimEpoch epoch, final HandoverCertificate openedBy, final boolean isFirst, final SimMember before) {
        final SimFiles.Station next = files.add(epoch, openedBy);
        enter(new SimMember.Start(
                next.epoch(),
                epoch.idOf(number),
                port(epoch),
                isFirst,
                next.disk(),
                files.open(next, this::onDurable),
                openedBy,
                before));
    }

    /** It goes on answering in the epoch that is over: it may be the only one that has the proof. */
    private void leave() {
        cluster.trace()
                .record(
                        cluster.clock().nowNs(),
                        node,
                        Trace.Kind.GONE,
                        member.epoch().number() + 1,
                        0);
        member = null;
        newcomer = null;
        hasLeft = true;
        cluster.liveness().onCrashed(number);
    }

    private void onDurable() {
        if (isUp && !isPaused()) {
            endTurn();
        }
    }

    /** Ends this life at once: nothing of it is kept but a disk, in the state that {@code damage} says. */
    void crash(final SimJournal.Damage damage) {
        cluster.trace().record(cluster.clock().nowNs(), node, Trace.Kind.CRASH, incarnation, 0);
        isUp = false;
        isVoting &= files.isDurable() && (member == null || member.isVoteDurable());
        files.crash(damage);
        pausedUntilNs = 0;
        if (member != null) {
            member.stop();
            member = null;
        }
        cluster.network().detach(node);
        cluster.liveness().onCrashed(number);
    }

    /** Does nothing until then; what arrives meanwhile waits. */
    void pause(final long untilNs) {
        cluster.trace().record(cluster.clock().nowNs(), node, Trace.Kind.PAUSE, untilNs, 0);
        pausedUntilNs = Math.max(pausedUntilNs, untilNs);
    }

    /** Moves its clock, ahead or back, as a machine's that is moved or badly kept. */
    void moveClock(final long byNs) {
        cluster.trace().record(cluster.clock().nowNs(), node, Trace.Kind.CLOCK, byNs, 0);
        clockShiftNs += byNs;
    }

    /** Begins to lie. */
    void turn() {
        cluster.trace().record(cluster.clock().nowNs(), node, Trace.Kind.TURN, strategy.ordinal(), 0);
        isLying = true;
    }

    /** Hands a command to the peer's own client; false if it cannot take it now. */
    boolean submit(final long commandId, final SimRandom workload) {
        return ending(isAtWork() && member.user().submit(commandId, workload));
    }

    /** Has the peer's own client read a register; false if it cannot now. */
    boolean read(final long queryId, final SimRandom workload) {
        return ending(isAtWork() && member.user().read(queryId, workload));
    }

    /** Has the peer's own client ask for another roster; false if it cannot now. */
    boolean reconfigure(final long commandId, final byte[] command) {
        return ending(isAtWork() && member.user().reconfigure(commandId, command));
    }

    private boolean isAtWork() {
        return isUp && !isPaused() && member != null;
    }

    private boolean ending(final boolean hasActed) {
        if (hasActed) {
            endTurn();
        }
        return hasActed;
    }

    /** True unless the fault plan made it a liar. */
    @Override
    public boolean isCorrect() {
        return strategy == null;
    }

    boolean isUp() {
        return isUp;
    }

    /** True once it has been a peer of the group, or was started to become one, until it has left. */
    boolean isMember() {
        return incarnation > 0 && !hasLeft;
    }

    SimFiles files() {
        return files;
    }

    int number() {
        return number;
    }

    int node() {
        return node;
    }

    int incarnation() {
        return incarnation;
    }

    boolean isLying() {
        return isLying;
    }

    VoteWatch watch() {
        return watch;
    }

    /** The number of the epoch that it stands in; 0 before it stands in any. */
    long epoch() {
        return member == null ? 0 : member.epoch().number();
    }

    /** True if it counts against f at this moment: it lies, is down, or has not got its vote back. */
    boolean isFaulty() {
        return isLying || !isVoting();
    }

    /** True if it is up and counts as a voter: from its first start, or since it earned its vote back. */
    @Override
    public boolean isVoting() {
        return isUp && isVoting;
    }

    @Override
    public boolean isCurrent() {
        return member != null
                && epoch() == cluster.newestEpoch()
                && member.replica().isOpen();
    }

    @Override
    public long appliedCount() {
        return member == null ? 0 : member.appliedCount();
    }

    @Override
    public String toString() {
        final String name = "peer " + number + " (life " + incarnation;
        if (!isUp || member == null) {
            return name + (!isUp ? ", down)" : hasLeft ? ", gone)" : ", joining)");
        }
        return name + (cluster.newestEpoch() > 1 ? ", epoch " + epoch() : "") + ", " + member + ")";
    }

    private boolean isPaused() {
        return cluster.clock().nowNs() < pausedUntilNs;
    }

    /** This peer's own clock: another origin a peer, its speed within a part in a hundred, moved by faults. */
    long nowNs() {
        final long nowNs = cluster.clock().nowNs();
        return nowNs + nowNs * clockDriftPpm / SimRandom.CERTAIN_PPM + number * CLOCK_ORIGIN_NS + clockShiftNs;
    }

    private void tickLater(final int life) {
        cluster.clock().schedule(TICK_NS / 2 + random.nextLong(TICK_NS), () -> tick(life));
    }

    private void tick(final int life) {
        if (!isUp || life != incarnation) {
            return;
        }
        if (!isPaused()) {
            guarded(endTurn);
        }
        tickLater(life);
    }

    /**
     * What a peer does in one turn. The core of a liar may meet what its own lies brought about and stop at a broken invariant,
     * as a process would: it starts anew without its memory. The same at a correct peer is a violation.
     */
    void guarded(final Runnable turn) {
        if (isCorrect()) {
            turn.run();
            return;
        }
        try {
            turn.run();
        } catch (final SafetyChecker.Violation violation) {
            throw violation;
        } catch (final RuntimeException ownFault) {
            crash(SimJournal.Damage.NONE);
            cluster.clock().schedule(TICK_NS, this::start);
        }
    }

    private void onFrame(final long epoch, final int senderId, final DirectBuffer frame, final int lengthBytes) {
        if (isPaused()) {
            final UnsafeBuffer copy = new UnsafeBuffer(new byte[lengthBytes]);
            copy.putBytes(0, frame, 0, lengthBytes);
            final int life = incarnation;
            cluster.clock().schedule(pausedUntilNs - cluster.clock().nowNs(), () -> {
                if (isUp && life == incarnation) {
                    onFrame(epoch, senderId, copy, lengthBytes);
                }
            });
            return;
        }
        if (isCorrect()) {
            receive(epoch, senderId, frame, lengthBytes);
        } else {
            guarded(() -> receive(epoch, senderId, frame, lengthBytes));
        }
    }

    /** A frame of this peer's epoch is for its replica; one of an epoch that is over is answered; any other is refused. */
    private void receive(final long epoch, final int senderId, final DirectBuffer frame, final int lengthBytes) {
        if (member == null ? newcomer != null && newcomer.joined().number() == epoch : member.isOf(epoch)) {
            SimNetwork.unpack(senderId, frame, lengthBytes, onMessage);
        } else if (!files.answer(epoch, senderId, frame, lengthBytes)) {
            cluster.trace().record(cluster.clock().nowNs(), node, Trace.Kind.STALE, senderId, epoch);
        }
        endTurn();
    }

    private void onMessage(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        if (member == null) {
            newcomer.adapter().onMessage(senderId, buffer, offset, lengthBytes, nowNs());
        } else {
            member.onMessage(senderId, buffer, offset, lengthBytes);
        }
    }

    /** The rest of a duty cycle: timers, what waits to be sent, and the step from an epoch to the next. */
    void endTurn() {
        if (member == null && newcomer != null) {
            endTurnOfNewcomer();
        } else if (member != null) {
            member.endTurn(nowNs());
            if (member.succession() != null && member.succession().isEnded()) {
                advance();
            }
        }
        files.flush();
    }

    private void endTurnOfNewcomer() {
        newcomer.joining().onTick(nowNs());
        newcomer.flush().run();
        final HandoverCertificate openedBy = newcomer.joining().certificate();
        if (openedBy != null) {
            enterNext(newcomer.joined(), openedBy, isVoting, null);
        }
    }

    SafetyChecker.Violation violation(final String property, final String statement) {
        return new SafetyChecker.Violation(property, this + " " + statement);
    }

    /** Its replica has its vote back. */
    void onVotingAgain(final long sequence) {
        cluster.trace().record(cluster.clock().nowNs(), node, Trace.Kind.VOTES, incarnation, sequence);
        isVoting = true;
        if (isCorrect()) {
            watch.onVotingAgain(sequence);
        }
    }
}
