package io.quorate.benchmarks.mesh;

import io.quorate.benchmarks.live.Neighbours;
import io.quorate.benchmarks.sides.BenchFolder;
import io.quorate.engine.membership.MemberTable;
import io.quorate.engine.membership.MembershipContext;
import io.quorate.transport.LinkCounter;
import io.quorate.transport.auth.Ed25519Provider;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * {@code bench mesh}: a mesh of members with real links over UDP loopback, each with a driver of its own, and what happens to it. The
 * table and the line of JSON go to {@code out}, progress to {@code err}.
 */
public final class MeshBench {
    static final String FALSE_DEATHS = "falseDeaths";

    private static final String EVERYONE_KNOWS = "everyoneKnowsMs";
    private static final String LAST_MEMBER = "lastMemberMs";
    private static final int EXIT_USAGE = 2;
    private static final double PATIENCE_S = 60;
    private static final double CALM_S = 3;
    private static final int RUMORS_WARM = 100;
    private static final int RUMORS = 30;
    private static final int LOSS_PPM = 250_000;
    private static final double STOP_MAX_S = 3;
    private static final double MS = 1e6;

    private final MeshOptions options;
    private final PrintStream out;
    private final PrintStream err;
    private final MeshFigures figures = new MeshFigures();
    private final SplittableRandom random = new SplittableRandom();
    private volatile MeshGroup running;

    private MeshBench(final MeshOptions options, final PrintStream out, final PrintStream err) {
        this.options = options;
        this.out = out;
        this.err = err;
    }

    /** Runs the command; returns the exit code: 0, 1 if something does not happen in time, 2 for a wrong command line. */
    public static int run(final PrintStream out, final PrintStream err, final String... arguments) {
        if (List.of(arguments).contains("--help")) {
            out.println(MeshOptions.USAGE);
            out.println(
                    "a mesh of authenticated members over UDP loopback and what happens to it: milliseconds until everybody");
            out.println("knows, and what a calm second costs a member; docs/benchmarks.md has the scenarios.");
            return 0;
        }
        try {
            return new MeshBench(MeshOptions.parse(arguments), out, err).run();
        } catch (final IllegalArgumentException e) {
            err.println("bench mesh: " + e.getMessage());
            return EXIT_USAGE;
        } catch (final IOException | IllegalStateException e) {
            err.println("\nbench mesh: " + e.getMessage());
            return 1;
        }
    }

    private int run() throws IOException {
        final Thread hook = new Thread(() -> {
            final MeshGroup group = running;
            if (group != null) {
                group.close();
            }
        });
        Runtime.getRuntime().addShutdownHook(hook);
        progress("warm up");
        for (int i = 0; i < 2; i++) {
            try (MeshGroup group = launch()) {
                form(group);
                hear(group, RUMORS_WARM);
            }
        }
        final Neighbours neighbours = new Neighbours(List.of());
        for (int repeat = 1; repeat <= options.repeats(); repeat++) {
            progress("run " + repeat + " of " + options.repeats());
            try (MeshGroup group = launch()) {
                measure(group);
                figures.add(FALSE_DEATHS, group.falseDeaths());
            }
        }
        err.println();
        print(neighbours.fraction());
        Runtime.getRuntime().removeShutdownHook(hook);
        return 0;
    }

    private MeshGroup launch() throws IOException {
        running = MeshGroup.launch(BenchFolder.create(), options.peers(), options.profile());
        return running;
    }

    private void measure(final MeshGroup group) {
        final double joinedMs = form(group);
        if (options.scenario() == MeshOptions.Scenario.JOIN) {
            figures.add(EVERYONE_KNOWS, joinedMs);
        }
        calm(group);
        switch (options.scenario()) {
            case CRASH -> crash(group);
            case STOP -> stop(group);
            case RUMOR -> rumor(group);
            case SPLIT -> split(group);
            case LOSS -> loss(group);
            case LIAR -> liar(group);
            default -> {}
        }
    }

    /** All begin at once; milliseconds until all see all. */
    private static double form(final MeshGroup group) {
        group.begin();
        final long knownNs = group.await("all see all", PATIENCE_S, group::allSeeAll);
        group.await("all may write", PATIENCE_S, group::allWrite);
        return knownNs / MS;
    }

    /** What a calm second costs a member. */
    private void calm(final MeshGroup group) {
        group.pass(CALM_S);
        final long frames = group.total(LinkCounter.FRAMES_SENT);
        final long bytes = group.total(LinkCounter.BYTES_SENT);
        group.pass(CALM_S);
        final double memberSeconds = CALM_S * options.peers();
        figures.add("packetsPerSecond", (group.total(LinkCounter.FRAMES_SENT) - frames) / memberSeconds);
        figures.add("bytesPerSecond", (group.total(LinkCounter.BYTES_SENT) - bytes) / memberSeconds);
    }

    private int any() {
        return random.nextInt(options.peers());
    }

    private void crash(final MeshGroup group) {
        group.pass(random.nextDouble());
        final int victim = any();
        group.mayDie(victim);
        group.member(victim).stopped(true);
        figures.add(
                EVERYONE_KNOWS,
                group.await(
                                "all hold the silent one faulty",
                                PATIENCE_S,
                                () -> group.allHold(victim, MemberTable.State.FAULTY))
                        / MS);
    }

    private void stop(final MeshGroup group) {
        crash(group);
        group.members().stream().filter(MeshProcess::isStopped).forEach(member -> member.stopped(false));
        figures.add("backMs", group.await("all see all again", PATIENCE_S, group::allSeeAll) / MS);
    }

    private void rumor(final MeshGroup group) {
        hear(group, RUMORS_WARM);
        group.faults().loseEverywhere(options.lossPercent() * (Faults.ALL / 100));
        final double[] times = hear(group, RUMORS);
        figures.add(LAST_MEMBER, times[RUMORS / 2]);
        figures.add("lastMemberWorstMs", times[RUMORS - 1]);
    }

    /** Members say things, one after the other; sorted milliseconds until the last member has heard each. */
    private double[] hear(final MeshGroup group, final int count) {
        final UnsafeBuffer body = new UnsafeBuffer("a price, a plan, a name".getBytes(StandardCharsets.US_ASCII));
        final double[] times = new double[count];
        for (int i = 0; i < count; i++) {
            final int origin = any();
            final long before = group.member(origin).node().view().announced(origin);
            group.member(origin).node().announce(body, 0, body.capacity());
            times[i] = group.await(
                            "all have heard it",
                            PATIENCE_S,
                            () -> group.each(member -> member.node().view().announced(origin) > before))
                    / MS;
        }
        java.util.Arrays.sort(times);
        return times;
    }

    private void split(final MeshGroup group) {
        final int half = options.peers() / 2;
        group.faults().split(half, true);
        final int needed = group.member(0).node().swim().guard().needed();
        final long readOnlyNs = group.await(
                "sides without a quorum are read-only",
                PATIENCE_S,
                () -> group.each(member -> (member.id() < half ? half : options.peers() - half) >= needed
                        || !member.node().view().isWritable()));
        figures.add("minorityReadOnlyMs", readOnlyNs / MS);
        group.pass(Math.max(0, time(10) - readOnlyNs / 1e9));
        group.faults().split(half, false);
        final long healedNs = group.await("one group again", PATIENCE_S, () -> group.allSeeAll() && group.allWrite());
        figures.add("healedMs", healedNs / MS);
    }

    private void loss(final MeshGroup group) {
        final int lossy = any();
        final int stopped = (lossy + 1 + random.nextInt(options.peers() - 1)) % options.peers();
        group.mayDie(stopped);
        group.faults().loseAt(lossy, LOSS_PPM);
        final long endNs = System.nanoTime() + (long) (time(30) * 1e9);
        while (System.nanoTime() - endNs < 0) {
            group.member(stopped).stopped(true);
            group.pass(STOP_MAX_S * random.nextDouble());
            group.member(stopped).stopped(false);
            group.pass(STOP_MAX_S * random.nextDouble());
        }
    }

    private void liar(final MeshGroup group) {
        for (int id = 0; id < group.faultyMax(); id++) {
            group.member(id).accuser().begin();
        }
        group.pass(time(10));
        long told = 0;
        int least = Integer.MAX_VALUE;
        int most = 0;
        for (int id = 0; id < group.faultyMax(); id++) {
            told += group.member(id).accuser().told();
            for (int observer = group.faultyMax(); observer < options.peers(); observer++) {
                final int reputation = group.member(observer).node().view().reputation(id);
                least = Math.min(least, reputation);
                most = Math.max(most, reputation);
            }
        }
        figures.add("accusationsSent", told);
        figures.add("liarReputationLeast", least);
        figures.add("liarReputationMost", most);
    }

    private double time(final double ofScenario) {
        return options.seconds() > 0 ? options.seconds() : ofScenario;
    }

    private void print(final double othersFraction) {
        final MembershipContext settings = new MembershipContext()
                .memberCount(options.peers())
                .selfId(0)
                .profile(options.profile())
                .conclude();
        out.printf(
                Locale.ROOT,
                "%d members in one process over UDP loopback, each with its own driver, scenario %s, %s%n%s%n%n",
                options.peers(),
                MeshOptions.name(options.scenario()),
                Ed25519Provider.choose().providerName(),
                settings.predicted());
        out.printf(Locale.ROOT, "%-22s %12s %12s %12s%n", "", "median", "least", "most");
        for (final String name : figures.names()) {
            out.printf(
                    Locale.ROOT,
                    "%-22s %12s %12s %12s%n",
                    name,
                    MeshFigures.number(figures.median(name)),
                    MeshFigures.number(figures.least(name)),
                    MeshFigures.number(figures.most(name)));
        }
        out.printf(
                Locale.ROOT,
                "others used            %s of the processors%n",
                Double.isNaN(othersFraction) ? "an unknown part" : Math.round(100 * othersFraction) + " %");
        if (options.isJson()) {
            final StringBuilder json = new StringBuilder(String.format(
                    Locale.ROOT,
                    "{\"scenario\":\"%s\",\"peers\":%d,\"profile\":\"%s\",\"repeats\":%d",
                    MeshOptions.name(options.scenario()),
                    options.peers(),
                    MeshOptions.name(options.profile()),
                    options.repeats()));
            figures.appendJson(json);
            out.println(json.append('}'));
        }
        out.flush();
    }

    private void progress(final String text) {
        err.printf("\r%-60s", "bench mesh: " + text);
        err.flush();
    }
}
