package io.quorate.engine.pbft;

import io.quorate.engine.metrics.Invariant;
import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.codecs.NewViewDecoder;
import io.quorate.transport.codecs.PrePrepareDecoder;
import io.quorate.transport.codecs.PrepareDecoder;
import io.quorate.transport.codecs.ViewChangeDecoder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Goes through all that can happen to four replicas of the production code in a few views and slots, liars included, and looks
 * for two digests that q replicas commit, or answer tentatively in one view, at one sequence; and for states that hold what a
 * new view put something else in place of. Complete within these bounds:
 *
 * <ul>
 *   <li>A view has three steps: pre-prepares (each reaches each replica or not; a lying primary tells each one what it likes),
 *       prepares (each replica hears all of them or none, lies that help included: hearing more never unprepares), and the change
 *       to the next view (the new primary hears the view changes in any order and number, a liar's with any claim out of a
 *       menu; a lying primary shows each replica any new view that follows from any set; a replica enters or not).
 *   <li>Commits need not be delivered: a liar's commit is at hand for every digest, and what q replicas may have committed counts.
 *   <li>Worlds whose replicas hold the same are one: each step starts from one of them.
 * </ul>
 *
 * <p>It also looks that a correct primary that heard all correct replicas begins its view, whatever a liar said.
 */
final class ViewChangeExplorer {
    private enum Step {
        PRE_PREPARE,
        PREPARE,
        VIEW_CHANGE
    }

    private final UnaryOperator<PbftContext> settings;
    private final int slots;
    private final int viewMax;
    private final int[] liars;
    private boolean isKeepingState;
    private long worldCount;
    private long stateCount;
    private String violation;

    ViewChangeExplorer(
            final UnaryOperator<PbftContext> settings, final int slots, final int viewMax, final int... liars) {
        this.settings = settings;
        this.slots = slots;
        this.viewMax = viewMax;
        this.liars = liars;
    }

    /** Breaks the world: no replica takes a tentative sequence back. */
    ViewChangeExplorer keepingState() {
        isKeepingState = true;
        return this;
    }

    long worldCount() {
        return worldCount;
    }

    long stateCount() {
        return stateCount;
    }

    /** Returns null, or what went wrong and how it came to it. */
    String explore() {
        List<List<int[]>> frontier = List.of(List.of());
        for (long view = 0; view <= viewMax && violation == null; view++) {
            if (view > 0) {
                frontier = advance(frontier, Step.VIEW_CHANGE, view);
            }
            frontier = advance(frontier, Step.PRE_PREPARE, view);
            frontier = advance(frontier, Step.PREPARE, view);
        }
        return violation;
    }

    private List<List<int[]>> advance(final List<List<int[]>> frontier, final Step step, final long view) {
        final Map<String, List<int[]>> next = new LinkedHashMap<>();
        for (final List<int[]> path : frontier) {
            if (violation != null) {
                break;
            }
            SmallWorld world = replay(path);
            for (final int[] choice : choices(world, step, view)) {
                world = world == null ? replay(path) : world;
                final List<int[]> longer = new ArrayList<>(path);
                longer.add(choice);
                final String wrong = attempt(world, step, view, choice);
                worldCount++;
                if (wrong != null) {
                    violation = wrong + "\nafter " + text(longer);
                    break;
                }
                next.putIfAbsent(world.signature(slots), longer);
                world = null;
            }
        }
        stateCount += next.size();
        return new ArrayList<>(next.values());
    }

    private String attempt(final SmallWorld world, final Step step, final long view, final int[] choice) {
        try {
            apply(world, step, view, choice);
            return world.disagreement();
        } catch (final Invariant.Broken | AssertionError e) {
            return e.getMessage();
        }
    }

    private SmallWorld replay(final List<int[]> path) {
        final SmallWorld world = new SmallWorld(settings, liars);
        for (final TestPeer peer : world.group.peers) {
            peer.isKeepingState = isKeepingState;
        }
        if (world.isLiar[0]) {
            final Forger liar = world.liars[0];
            world.learn(liar.batch(world.request(1)));
            world.learn(liar.batch(world.request(2)));
        } else {
            for (int slot = 1; slot <= slots; slot++) {
                world.request(slot);
            }
        }
        int done = 0;
        for (long view = 0; done < path.size(); view++) {
            if (view > 0) {
                apply(world, Step.VIEW_CHANGE, view, path.get(done++));
            }
            if (done < path.size()) {
                apply(world, Step.PRE_PREPARE, view, path.get(done++));
            }
            if (done < path.size()) {
                apply(world, Step.PREPARE, view, path.get(done++));
            }
        }
        return world;
    }

    private List<int[]> choices(final SmallWorld world, final Step step, final long view) {
        switch (step) {
            case PRE_PREPARE:
                return prePrepareChoices(world, view);
            case PREPARE:
                return prepareChoices(world);
            default:
                return viewChangeChoices(world, view);
        }
    }

    private void apply(final SmallWorld world, final Step step, final long view, final int[] choice) {
        switch (step) {
            case PRE_PREPARE -> prePrepare(world, view, choice);
            case PREPARE -> prepare(world, view, choice);
            default -> viewChange(world, view, choice);
        }
    }

    /** Per slot and replica: 0 for nothing; else what the primary sent, or which known batch a lying one picks. */
    private List<int[]> prePrepareChoices(final SmallWorld world, final long view) {
        final int primary = (int) (view % SmallWorld.PEERS);
        final int options = world.isLiar[primary] ? 1 + world.known.size() : 2;
        return tuples(slots * SmallWorld.PEERS, index -> {
            final int id = index % SmallWorld.PEERS;
            final boolean isHearing = !world.isLiar[id]
                    && id != primary
                    && world.replica(id).isActive()
                    && world.replica(id).view() == view
                    && !world.replica(id).log.slot(1 + index / SmallWorld.PEERS).isAccepted;
            return isHearing ? options : 1;
        });
    }

    private void prePrepare(final SmallWorld world, final long view, final int[] choice) {
        final int primary = (int) (view % SmallWorld.PEERS);
        final List<Batch> batches = new ArrayList<>(world.known.values());
        for (int index = 0; index < choice.length; index++) {
            final int id = index % SmallWorld.PEERS;
            final long sequence = 1 + index / SmallWorld.PEERS;
            if (choice[index] > 0 && world.isLiar[primary]) {
                final Forger liar = world.liars[primary];
                liar.sayPrePrepare(view, sequence, batches.get(choice[index] - 1));
                world.hear(primary, id, liar.last());
            } else if (choice[index] > 0) {
                world.deliver(PrePrepareDecoder.TEMPLATE_ID, primary, id, view, sequence);
            }
        }
    }

    /** Per slot and replica: whether it hears all prepares. */
    private List<int[]> prepareChoices(final SmallWorld world) {
        return tuples(slots * SmallWorld.PEERS, index -> {
            final int id = index % SmallWorld.PEERS;
            final boolean isHearing =
                    !world.isLiar[id] && world.replica(id).log.slot(1 + index / SmallWorld.PEERS).isAccepted;
            return isHearing ? 2 : 1;
        });
    }

    private void prepare(final SmallWorld world, final long view, final int[] choice) {
        for (int index = 0; index < choice.length; index++) {
            if (choice[index] != 0) {
                hearPrepares(world, view, 1 + index / SmallWorld.PEERS, index % SmallWorld.PEERS);
            }
        }
    }

    private static void hearPrepares(final SmallWorld world, final long view, final long sequence, final int id) {
        final LogSlot slot = world.replica(id).log.slot(sequence);
        for (int from = 0; from < SmallWorld.PEERS; from++) {
            if (world.isLiar[from] && from != view % SmallWorld.PEERS && slot.isAccepted) {
                final Digest256 digest = new Digest256().set(slot.digest);
                world.liars[from].say(publisher -> publisher.prepare(id, view, sequence, digest));
                world.hear(from, id, world.liars[from].last());
            } else {
                world.deliver(PrepareDecoder.TEMPLATE_ID, from, id, view, sequence);
            }
        }
    }

    /** First the liars' claims, then, with a correct primary, whom it hears in turn and who enters; else each one's new view. */
    private List<int[]> viewChangeChoices(final SmallWorld world, final long view) {
        final int primary = (int) (view % SmallWorld.PEERS);
        final int claims = (int) Math.pow(claimCount(world, view), liars.length);
        if (world.isLiar[primary]) {
            return lyingPrimaryChoices(world, view, claims);
        }
        final List<int[]> choices = new ArrayList<>();
        for (int claim = 0; claim < claims; claim++) {
            for (final int[] order : orders(primary)) {
                for (int entering = 0; entering < 1 << SmallWorld.PEERS; entering++) {
                    if ((entering & ~correctMask(world)) == 0 && (entering >> primary & 1) == 0) {
                        choices.add(new int[] {claim, order[0], order[1], order[2], entering});
                    }
                }
            }
        }
        // The primary hears nobody.
        choices.add(new int[] {0, primary, primary, primary, 0});
        return choices;
    }

    /** One set, and so one claim, for each outcome that some set has. */
    private List<int[]> lyingPrimaryChoices(final SmallWorld world, final long view, final int claims) {
        startAll(world, view);
        final Map<String, int[]> outcomes = new LinkedHashMap<>();
        for (int claim = 0; claim < claims; claim++) {
            final NewView.Vote[] all = votes(world, view, claim);
            for (int set = 0; set < 1 << SmallWorld.PEERS; set++) {
                final NewView chosen = choose(world, pick(all, set));
                if (chosen != null) {
                    outcomes.putIfAbsent(text(chosen), new int[] {claim, set});
                }
            }
        }
        final List<int[]> found = new ArrayList<>(outcomes.values());
        final List<int[]> choices = new ArrayList<>();
        for (final int[] tuple : tuples(SmallWorld.PEERS, id -> world.isLiar[id] ? 1 : 1 + found.size())) {
            final int[] choice = new int[2 * SmallWorld.PEERS];
            for (int id = 0; id < SmallWorld.PEERS; id++) {
                if (tuple[id] > 0) {
                    choice[2 * id] = found.get(tuple[id] - 1)[0];
                    choice[2 * id + 1] = found.get(tuple[id] - 1)[1];
                }
            }
            choices.add(choice);
        }
        return choices;
    }

    private static NewView choose(final SmallWorld world, final NewView.Vote[] set) {
        final PbftContext context = world.group.peers[0].context;
        final int correct = Integer.numberOfTrailingZeros(correctMask(world));
        return NewView.choose(
                set, context.quorum(), context.windowLength(), world.replica(correct).viewChange.nullDigest);
    }

    private String text(final NewView chosen) {
        final StringBuilder text = new StringBuilder();
        for (long sequence = 1; sequence <= chosen.top(); sequence++) {
            text.append(chosen.digest(sequence)).append(' ');
        }
        return text.append(chosen.spokenFor()).toString();
    }

    private void viewChange(final SmallWorld world, final long view, final int[] choice) {
        final int primary = (int) (view % SmallWorld.PEERS);
        startAll(world, view);
        if (view == 1) {
            // What is proposed afresh from now on differs from what was.
            world.request(SmallWorld.PEERS);
        }
        if (!world.isLiar[primary]) {
            correctPrimary(world, view, primary, choice);
            return;
        }
        for (int id = 0; id < SmallWorld.PEERS; id++) {
            if (choice[2 * id + 1] != 0) {
                final NewView.Vote[] all = votes(world, view, choice[2 * id]);
                final NewView.Vote[] set = pick(all, choice[2 * id + 1]);
                hearVotes(world, set, id);
                world.liars[primary].sayNewView(view, set);
                world.hear(primary, id, world.liars[primary].last());
                world.supply(id, slots);
            }
        }
    }

    private void correctPrimary(final SmallWorld world, final long view, final int primary, final int[] choice) {
        final NewView.Vote[] all = votes(world, view, choice[0]);
        int heard = 1 << primary;
        for (int i = 1; i <= 3; i++) {
            if (choice[i] != primary) {
                hearVotes(world, new NewView.Vote[] {all[choice[i]]}, primary);
                world.supply(primary, slots);
                heard |= 1 << choice[i];
            }
        }
        final int correct = correctMask(world);
        if ((heard & correct) == correct && !world.replica(primary).isActive()) {
            throw new AssertionError("the primary of view " + view + " heard all correct replicas and cannot decide");
        }
        for (int id = 0; id < SmallWorld.PEERS; id++) {
            if ((choice[4] >> id & 1) != 0) {
                hearVotes(world, all, id);
                world.deliver(NewViewDecoder.TEMPLATE_ID, primary, id, view, 0);
                world.supply(id, slots);
            }
        }
    }

    private static void hearVotes(final SmallWorld world, final NewView.Vote[] votes, final int id) {
        for (final NewView.Vote vote : votes) {
            if (world.isLiar[vote.replicaId()]) {
                world.liars[vote.replicaId()].sayViewChange(vote);
                world.hear(vote.replicaId(), id, world.liars[vote.replicaId()].last());
            } else {
                world.deliver(ViewChangeDecoder.TEMPLATE_ID, vote.replicaId(), id, vote.view(), 0);
            }
        }
    }

    private static void startAll(final SmallWorld world, final long view) {
        for (int id = 0; id < SmallWorld.PEERS; id++) {
            if (!world.isLiar[id] && world.replica(id).view() < view) {
                world.replica(id).viewChange.start(view);
            }
        }
    }

    private NewView.Vote[] votes(final SmallWorld world, final long view, final int claim) {
        final NewView.Vote[] votes = new NewView.Vote[SmallWorld.PEERS];
        final int count = claimCount(world, view);
        int rest = claim;
        for (int id = 0; id < SmallWorld.PEERS; id++) {
            if (world.isLiar[id]) {
                votes[id] = lie(world, id, view, rest % count);
                rest /= count;
            } else {
                votes[id] = world.vote(id);
            }
        }
        return votes;
    }

    /** For each slot no P, or any known batch as prepared in any earlier view; and Q with all of them as of the last, or empty. */
    private int claimCount(final SmallWorld world, final long view) {
        return 2 * (int) Math.pow(1 + world.known.size() * view, slots);
    }

    private NewView.Vote lie(final SmallWorld world, final int id, final long view, final int claim) {
        final List<Batch> batches = new ArrayList<>(world.known.values());
        final int options = 1 + batches.size() * (int) view;
        final int[] picks = new int[slots];
        int rest = claim / 2;
        int count = 0;
        for (int slot = 0; slot < slots; slot++) {
            picks[slot] = rest % options;
            rest /= options;
            count += picks[slot] > 0 ? 1 : 0;
        }
        final NewView.Claims prepared = new NewView.Claims(count);
        int index = 0;
        for (int slot = 0; slot < slots; slot++) {
            if (picks[slot] > 0) {
                final int pick = picks[slot] - 1;
                final Digest256 digest = batches.get(pick % batches.size()).digest();
                prepared.set(index++, slot + 1, pick / batches.size(), digest);
            }
        }
        final boolean isVouching = claim % 2 == 1;
        final NewView.Claims prePrepared = new NewView.Claims(isVouching ? slots * batches.size() : 0);
        for (int i = 0; i < prePrepared.count(); i++) {
            prePrepared.set(
                    i,
                    1 + i / batches.size(),
                    view - 1,
                    batches.get(i % batches.size()).digest());
        }
        return world.liars[id].vote(view, prepared, prePrepared);
    }

    private static NewView.Vote[] pick(final NewView.Vote[] all, final int set) {
        final List<NewView.Vote> picked = new ArrayList<>();
        for (int id = 0; id < all.length; id++) {
            if ((set >> id & 1) != 0) {
                picked.add(all[id]);
            }
        }
        return picked.toArray(NewView.Vote[]::new);
    }

    private static int correctMask(final SmallWorld world) {
        int mask = 0;
        for (int id = 0; id < SmallWorld.PEERS; id++) {
            mask |= world.isLiar[id] ? 0 : 1 << id;
        }
        return mask;
    }

    /** The six orders of the others. */
    private static List<int[]> orders(final int primary) {
        final List<int[]> orders = new ArrayList<>();
        for (final int[] order : tuples(3, SmallWorld.PEERS)) {
            final int mask = 1 << order[0] | 1 << order[1] | 1 << order[2] | 1 << primary;
            if (mask == (1 << SmallWorld.PEERS) - 1) {
                orders.add(order);
            }
        }
        return orders;
    }

    private static List<int[]> tuples(final int length, final int options) {
        return tuples(length, index -> options);
    }

    /** All tuples whose element i is below {@code options(i)}. */
    private static List<int[]> tuples(final int length, final java.util.function.IntUnaryOperator options) {
        List<int[]> tuples = List.of(new int[length]);
        for (int i = 0; i < length; i++) {
            final List<int[]> longer = new ArrayList<>();
            for (final int[] tuple : tuples) {
                for (int option = 0; option < options.applyAsInt(i); option++) {
                    final int[] next = tuple.clone();
                    next[i] = option;
                    longer.add(next);
                }
            }
            tuples = longer;
        }
        return tuples;
    }

    private static String text(final List<int[]> path) {
        final StringBuilder text = new StringBuilder();
        path.forEach(choice -> text.append(java.util.Arrays.toString(choice)).append(' '));
        return text.toString();
    }
}
