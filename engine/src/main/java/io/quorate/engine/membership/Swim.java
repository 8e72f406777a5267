package io.quorate.engine.membership;

import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.MembershipCounter;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.Verifier;
import java.util.random.RandomGenerator;
import org.agrona.DirectBuffer;

/**
 * One member of a mesh: probes others, answers, accuses and refutes, joins and leaves. A plain object without thread or clock; every
 * call on the consensus thread, with the monotonic time. After SWIM (Das, Gupta, Motivala, DSN 2002) and Lifeguard (arXiv 1707.00788),
 * with removal by a quorum of signed accusations; docs/protocols/membership.md has all rules.
 *
 * <p>The owner calls {@link #onTick} whenever {@link #dueNs} has come, or oftener, after it has handed in what arrived.
 */
public final class Swim {
    static final int FLAG_ACCUSED = 1;
    static final int FLAG_FAULTY = 2;

    private static final int SEARCH_PERIODS_CALM = 4;
    private static final int SEEDS_AT_ONCE = 3;

    private final MembershipContext context;
    private final int selfId;
    private final long periodNs;
    private final long ackNs;
    private final RandomGenerator random;
    private final Verifier verifier;
    private final MembershipPublisher publisher;
    private final Counters<MembershipCounter> counters;
    private final MemberTable table;
    private final PartitionGuard guard;
    private final Reputation reputation;
    private final ProbeSchedule schedule;
    private final SelfRecord self;
    private final SeedJoin join;
    private final Accusations accusations;
    private final News news;
    private final Prober prober;
    private final int[] asked = new int[SEEDS_AT_ONCE];

    private boolean isStarted;
    private long lastNs;
    private long dueNs = Long.MAX_VALUE;
    private long nextProbeNs;
    private long nextSearchNs;
    private long nextAnnounceNs;

    /**
     * @param random injected, seeded: the order of probes, helpers, and who gets news
     * @param listener hears of every change of a member's state, during the calls of this object
     */
    public Swim(
            final MembershipContext context,
            final Signer signer,
            final Verifier verifier,
            final RandomGenerator random,
            final MembershipPublisher publisher,
            final MemberTable.Listener listener,
            final Counters<MembershipCounter> counters) {
        this.context = context;
        this.random = random;
        this.verifier = verifier;
        this.publisher = publisher;
        this.counters = counters;
        selfId = context.selfId();
        periodNs = context.periodNs();
        ackNs = context.ackNs();
        table = new MemberTable(context.memberCount(), listener);
        guard = new PartitionGuard(context);
        reputation = new Reputation(context.memberCount());
        schedule = new ProbeSchedule(context, random);
        final FailureQuorum failureQuorum =
                new FailureQuorum(context.memberCount(), context.epoch(), context.observerLiarsMax());
        self = new SelfRecord(context, signer, failureQuorum.suspectCount());
        join = new SeedJoin(context, failureQuorum.suspectCount(), random);
        final Suspicion[] suspicions = new Suspicion[context.memberCount()];
        accusations = new Accusations(
                selfId, table, suspicions, failureQuorum, signer, verifier, publisher, reputation, counters);
        news = new News(context, table, suspicions, failureQuorum, publisher, reputation, random, counters);
        prober = new Prober(context, table, guard, schedule, self, accusations, news, reputation, publisher, counters);
    }

    /** How much this member distrusts itself, 0 to 8 (Lifeguard, section 3). */
    public int health() {
        return prober.health();
    }

    public MemberTable table() {
        return table;
    }

    public PartitionGuard guard() {
        return guard;
    }

    public Reputation reputation() {
        return reputation;
    }

    /** Incarnation of the own record. */
    public long incarnation() {
        return self.incarnation();
    }

    /** Who are neighbours among those that are present now, and whether that is enough; computed at the call. */
    public Overlay overlay() {
        return overlay(context.neighbours());
    }

    /** The same with more neighbours, as many on all members that know the same: each is a neighbour of its neighbours. */
    public Overlay overlay(final int neighbours) {
        return Overlay.of(context, table, neighbours);
    }

    /** Records that this member held and had checked in an earlier life; before {@link #start}. */
    public void load(final Member... held) {
        table.load(held);
    }

    /** Begins to take part: asks the seeds, and waits to be asked. */
    public void start(final long nowNs) {
        isStarted = true;
        lastNs = nowNs;
        takeOwn(nowNs);
        join.start(nowNs);
        nextProbeNs = nowNs + random.nextLong(periodNs);
        nextSearchNs = nowNs + random.nextLong(periodNs);
        nextAnnounceNs = nowNs + random.nextLong(context.announceNs());
        prober.start(nowNs);
        settleDue(nowNs);
    }

    /** Says goodbye; from then on this member only falls silent. */
    public void leave(final long nowNs) {
        self.leave();
        takeOwn(nowNs);
        sayOwn();
        dueNs = Long.MAX_VALUE;
    }

    /** True once a seed has answered, or there is none. */
    public boolean isJoined() {
        return join.isJoined();
    }

    /** When {@link #onTick} wants to be called; being called later than a quarter of A after it counts as having been stopped. */
    public long dueNs() {
        return dueNs;
    }

    /** Does what is due. */
    public void onTick(final long nowNs) {
        if (!isStarted || self.isLeft()) {
            return;
        }
        enter(nowNs);
        prober.expire(nowNs);
        if (nowNs >= nextProbeNs) {
            nextProbeNs = Math.max(nextProbeNs, nowNs - periodNs) + periodNs;
            prober.probe(schedule.nextSubject(table), nowNs);
        }
        if (nowNs >= nextSearchNs) {
            nextSearchNs = nowNs + periodNs * (guard.isWritable() ? SEARCH_PERIODS_CALM : 1);
            prober.search(schedule.nextLost(table, guard), nowNs);
        }
        if (nowNs >= join.dueNs()) {
            askSeeds(nowNs);
        }
        if (self.dueNs(nowNs) <= nowNs) {
            counters.increment(MembershipCounter.REFUTATIONS);
            self.refute(nowNs);
            takeOwn(nowNs);
            sayOwn();
            // Who cannot reach this member may be one that it cannot reach.
            prober.callRoll(nowNs, false);
        }
        if (nowNs >= nextAnnounceNs) {
            nextAnnounceNs = nowNs + context.announceNs();
            announce();
        }
        if (!news.isEmpty()) {
            news.pass();
        }
        reputation.onTick(nowNs);
        settleDue(nowNs);
    }

    /** Says the own record again to the neighbours. */
    private void announce() {
        final Overlay overlay = overlay();
        for (int i = 0; i < overlay.neighbourCount(); i++) {
            publisher.record(overlay.neighbour(i), self.current());
        }
    }

    private void settleDue(final long nowNs) {
        long due = Math.min(Math.min(nextProbeNs, nextSearchNs), Math.min(join.dueNs(), nextAnnounceNs));
        due = Math.min(due, Math.min(schedule.deadlineNs(), self.dueNs(nowNs)));
        // What has been due for long is due now: only waiting from here on counts as having been stopped.
        dueNs = news.isEmpty() ? Math.max(due, nowNs) : nowNs;
    }

    private void askSeeds(final long nowNs) {
        final int count = join.ask(asked, nowNs);
        for (int i = 0; i < count; i++) {
            publisher.record(asked[i], self.current());
            publisher.join(asked[i], join.attempts());
        }
    }

    // --- time -------------------------------------------------------------------------------------------------------

    /** Notices that the process was stopped, or its clock moved, before anything else is concluded. */
    private void enter(final long nowNs) {
        if (nowNs < lastNs) {
            shift(nowNs - lastNs);
            onStopped(ackNs, nowNs);
        } else if (dueNs != Long.MAX_VALUE && nowNs - dueNs > ackNs / 4) {
            onStopped(nowNs - dueNs, nowNs);
        }
        lastNs = nowNs;
        dueNs = Math.max(dueNs, nowNs);
    }

    private void onStopped(final long lateNs, final long nowNs) {
        counters.increment(MembershipCounter.STOPS);
        prober.onStopped(lateNs, nowNs);
        nextProbeNs = nowNs + random.nextLong(periodNs);
        if (lateNs > 2 * ackNs + context.confirmNs()) {
            // Others may have buried it meanwhile.
            self.renewAbove(0);
            takeOwn(nowNs);
            sayOwn();
        }
    }

    private void shift(final long byNs) {
        nextSearchNs += byNs;
        nextAnnounceNs += byNs;
        prober.shift(byNs);
        join.shift(byNs);
        self.shift(byNs);
        news.shift(byNs);
        guard.shift(byNs);
    }

    // --- what others say --------------------------------------------------------------------------------------------

    /** A message of a member begins; before its own handler. */
    void onHeard(final int senderId, final long nowNs) {
        if (isStarted && !self.isLeft()) {
            enter(nowNs);
            schedule.onHeard(senderId);
        }
    }

    /** The message has been handled. */
    void onHandled(final long nowNs) {
        if (isStarted && !self.isLeft()) {
            settleDue(nowNs);
        }
    }

    void onMalformed(final int senderId) {
        counters.increment(MembershipCounter.DROPPED_MALFORMED);
        reputation.onEvidence(senderId, Reputation.Evidence.MALFORMED);
    }

    void onPing(
            final int senderId,
            final int number,
            final long knownIncarnation,
            final int flags,
            final long tableHash,
            final long nowNs) {
        if (!isStarted || self.isLeft()) {
            return;
        }
        publisher.ack(
                senderId,
                number,
                self.incarnation(),
                table.incarnation(senderId),
                accusations.flagsFor(senderId),
                table.hash());
        accusations.ride(senderId);
        compare(senderId, knownIncarnation, flags, tableHash, nowNs);
        if (schedule.isLost(senderId, table, guard)) {
            if (guard.isLost(senderId)) {
                // Not for doubt alone, which an ack need not end: two that doubt each other would ping without pause.
                prober.call(senderId, nowNs);
            }
            prober.callLost(nowNs);
        }
    }

    void onAck(
            final int senderId, final long knownIncarnation, final int flags, final long tableHash, final long nowNs) {
        prober.onAck(senderId, nowNs);
        compare(senderId, knownIncarnation, flags, tableHash, nowNs);
    }

    /** What the other knows, beside what is known here. */
    private void compare(
            final int senderId, final long knownIncarnation, final int flags, final long tableHash, final long nowNs) {
        if (knownIncarnation < self.incarnation()) {
            publisher.record(senderId, self.current());
        } else if (knownIncarnation == self.incarnation() && flags != 0) {
            self.onAccused(senderId, true);
        }
        if (tableHash != table.hash()) {
            news.compare(senderId, nowNs);
        }
    }

    void onPingRequest(final int askerId, final int number, final int subjectId, final long nowNs) {
        if (!isStarted || self.isLeft()) {
            return;
        }
        prober.onPingRequest(askerId, number, subjectId, nowNs);
    }

    void onPingReport(
            final int helperId, final int number, final int subjectId, final boolean isAnswered, final long nowNs) {
        prober.onPingReport(helperId, number, subjectId, isAnswered, nowNs);
    }

    void onAccusation(
            final int senderId,
            final int subjectId,
            final long incarnation,
            final int accuserId,
            final DirectBuffer buffer,
            final int offset,
            final long nowNs) {
        if (!isStarted || accuserId == selfId) {
            return;
        }
        if (incarnation < table.incarnation(subjectId)) {
            if (senderId == accuserId) {
                publisher.record(senderId, table.record(subjectId));
            }
        } else if (subjectId == selfId) {
            if (incarnation == self.incarnation()
                    && (senderId == accuserId
                            || accusations.isSigned(
                                    senderId, subjectId, incarnation, accuserId, buffer, offset, nowNs))) {
                self.onAccused(accuserId, senderId == accuserId);
            }
        } else if (accusations.onAccusation(senderId, subjectId, incarnation, accuserId, buffer, offset, nowNs)) {
            prober.settle(subjectId, nowNs);
            prober.confirm(subjectId, nowNs);
            prober.onTrouble(nowNs);
        }
    }

    // --- records ----------------------------------------------------------------------------------------------------

    /**
     * One record of a message.
     *
     * @return false if it is none
     */
    boolean onRecord(final int senderId, final DirectBuffer buffer, final int offset, final long nowNs) {
        final int memberId = Member.idAt(buffer, offset);
        final Member held = table.record(memberId);
        if (!isStarted || held != null && (held.isAt(buffer, offset) || isOld(buffer, offset, held))) {
            return true;
        }
        final Member member = Member.copyOf(buffer, offset);
        if (member == null) {
            return false;
        }
        if (!reputation.mayCheck(senderId, nowNs)) {
            counters.increment(MembershipCounter.DROPPED_BUDGET);
        } else if (!member.isSigned(verifier)) {
            counters.increment(MembershipCounter.DROPPED_SIGNATURE);
            reputation.onFailedCheck(senderId, nowNs);
        } else if (memberId == selfId) {
            // Of an earlier life: the next one must be newer.
            self.renewAbove(member.incarnation());
            takeOwn(nowNs);
            sayOwn();
        } else {
            take(member, held, nowNs);
        }
        return true;
    }

    private static boolean isOld(final DirectBuffer buffer, final int offset, final Member held) {
        return Member.incarnationAt(buffer, offset) < held.incarnation();
    }

    private void take(final Member member, final Member held, final long nowNs) {
        final int memberId = member.id();
        if (held != null && member.conflictsWith(held)) {
            reputation.onEvidence(memberId, Reputation.Evidence.TWO_RECORDS);
        }
        if (!table.isNews(member)) {
            return;
        }
        counters.increment(MembershipCounter.RECORDS_TAKEN);
        if (table.state(memberId) == MemberTable.State.FAULTY) {
            counters.increment(MembershipCounter.RETURNS);
        }
        final boolean wasLost = held != null && schedule.isLost(memberId, table, guard);
        table.put(member, nowNs);
        accusations.onRenewed(memberId);
        // Its owner has just signed it: what a ping before that found is void.
        schedule.onHeard(memberId);
        news.add(memberId);
        if (!table.isPresent(memberId)) {
            // It has left, so no ping would find out.
            guard.onLost(memberId, nowNs);
        } else if (guard.isLost(memberId)) {
            prober.call(memberId, nowNs);
        }
        if (wasLost) {
            prober.callLost(nowNs);
        }
    }

    private void takeOwn(final long nowNs) {
        if (table.isNews(self.current())) {
            table.put(self.current(), nowNs);
        }
    }

    /** Sends the own record to everybody of a small mesh, and into the news of a large one. */
    private void sayOwn() {
        if (context.memberCount() > FailureQuorum.EVERYBODY_MAX) {
            news.add(selfId);
            if (self.isLeft()) {
                news.pass();
            }
            return;
        }
        for (int memberId = 0; memberId < context.memberCount(); memberId++) {
            if (memberId != selfId && table.record(memberId) != null) {
                publisher.record(memberId, self.current());
            }
        }
    }

    void onJoin(final int senderId, final int attempt, final long nowNs) {
        if (isStarted && !self.isLeft() && news.mayAnswer(senderId, nowNs)) {
            news.sendTable(senderId);
            publisher.joinAnswer(
                    senderId, attempt, table.memberCount() - table.count(MemberTable.State.UNKNOWN), table.hash());
        }
    }

    void onJoinAnswer(final int senderId) {
        if (isStarted && join.onAnswer(senderId)) {
            sayOwn();
        }
    }

    void onTableDigest(final int senderId, final boolean isQuestion, final long[] bucketHashes, final long nowNs) {
        if (isStarted && !self.isLeft()) {
            news.onTableDigest(senderId, isQuestion, bucketHashes, nowNs);
        }
    }
}
