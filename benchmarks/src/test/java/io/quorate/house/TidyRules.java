package io.quorate.house;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** Sizes, names and banned words of Java sources; each finding is a line {@code file:line what}. */
final class TidyRules {
    static final int FILE_LINES_MAX = 500;
    static final int METHOD_LINES_MAX = 70;
    static final int PACKAGE_FILES_MAX = 14;

    /**
     * Each loop of the vector unit is a port, a definition and a twin, and a hidden class of another width lives in the package
     * of whoever defines it; so this one package may be twice as large (docs/decisions/0001-house-rules-as-tests.md).
     */
    private static final Path VECTOR_PACKAGE = Path.of("io", "quorate", "kernels", "simd");

    private static final int VECTOR_PACKAGE_FILES_MAX = 28;

    /**
     * The parts of a replica share its log, slots and settings without a public door; in rooms of their own they would need
     * one (docs/decisions/0050-one-room-for-the-replica.md).
     */
    private static final Path REPLICA_PACKAGE = Path.of("io", "quorate", "engine", "pbft");

    private static final int REPLICA_PACKAGE_FILES_MAX = 24;

    /**
     * The parts of a member share its table and its suspicions without a public door
     * (docs/decisions/0080-rooms-of-the-mesh.md).
     */
    private static final Path MEMBER_PACKAGE = Path.of("io", "quorate", "engine", "membership");

    private static final int MEMBER_PACKAGE_FILES_MAX = 18;

    private static final Pattern BANNED_PACKAGE = Pattern.compile("(util|utils|common|core|impl|helper|helpers|misc)");
    private static final Pattern BANNED_TYPE = Pattern.compile(".*(Impl|Manager|Helper|Helpers|Util|Utils)");

    /** {@code sum = sum.add(x)}: what a loop carries is the receiver, over line breaks too. */
    private static final Pattern CARRIED_RECEIVER = Pattern.compile(
            "\\b(\\w+)\\s*=\\s*\\1\\s*\\.\\s*(add|sub|mul|div|min|max|and|or|fma|lanewise|blend)\\s*\\(");

    private static final String SUM_ORDER = "the order of the sum is not defined";

    /** The one room whose sums may have any order: it measures what an order costs. */
    private static final Path UNORDERED = Path.of("io", "quorate", "benchmarks", "unordered");

    /** Word -> why it is banned in production code. */
    private static final Map<Pattern, String> BANNED_WORDS =
            new TreeMap<>((a, b) -> a.pattern().compareTo(b.pattern()));

    static {
        BANNED_WORDS.put(Pattern.compile("\\b(TODO|FIXME|XXX|HACK)\\b"), "unfinished work is an issue, not a comment");
        BANNED_WORDS.put(Pattern.compile("Thread\\.sleep\\("), "agents idle by their strategy");
        BANNED_WORDS.put(Pattern.compile("Math\\.random\\("), "random is injected and seeded");
        BANNED_WORDS.put(Pattern.compile("UnsupportedOperationException\\("), "no stubs");
        BANNED_WORDS.put(Pattern.compile("\\.printStackTrace\\("), "errors are told in one line");
        BANNED_WORDS.put(Pattern.compile("reduceLanes\\(VectorOperators\\.ADD"), SUM_ORDER);
        BANNED_WORDS.put(
                Pattern.compile("2 \\* (f|faultyMax|faultyMax\\(\\)|faulty) \\+ 1"),
                "thresholds are computed in engine.quorum alone");
    }

    private TidyRules() {}

    /** All Java sources of a module's {@code main} or {@code test} tree, generated ones left out. */
    static List<Path> sources(final Path repository, final String module, final String tree) {
        final Path root =
                repository.resolve(module).resolve("src").resolve(tree).resolve("java");
        if (!Files.isDirectory(root)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(file -> file.toString().endsWith(".java"))
                    .filter(file -> !file.toString().contains("/house/fixture/"))
                    .sorted()
                    .toList();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<String> fileSizes(final List<Path> sources) {
        final List<String> findings = new ArrayList<>();
        for (final Path source : sources) {
            final int lines = lines(source).size();
            if (lines > FILE_LINES_MAX) {
                findings.add(source + ": " + lines + " lines, at most " + FILE_LINES_MAX);
            }
        }
        return findings;
    }

    static List<String> packageSizes(final List<Path> sources) {
        final Map<Path, Integer> counts = new TreeMap<>();
        sources.forEach(source -> counts.merge(source.getParent(), 1, Integer::sum));
        final List<String> findings = new ArrayList<>();
        counts.forEach((folder, count) -> {
            final int countMax = filesMax(folder);
            if (count > countMax) {
                findings.add(folder + ": " + count + " files, at most " + countMax);
            }
        });
        return findings;
    }

    private static int filesMax(final Path folder) {
        if (folder.endsWith(VECTOR_PACKAGE)) {
            return VECTOR_PACKAGE_FILES_MAX;
        }
        if (folder.endsWith(MEMBER_PACKAGE)) {
            return MEMBER_PACKAGE_FILES_MAX;
        }
        return folder.endsWith(REPLICA_PACKAGE) ? REPLICA_PACKAGE_FILES_MAX : PACKAGE_FILES_MAX;
    }

    static List<String> bannedWords(final List<Path> sources) {
        final List<String> findings = new ArrayList<>();
        for (final Path source : sources) {
            final List<String> lines = lines(source);
            for (int i = 0; i < lines.size(); i++) {
                final String line = lines.get(i);
                final int number = i + 1;
                BANNED_WORDS.forEach((word, why) -> {
                    final boolean isAllowed =
                            why.equals(SUM_ORDER) && source.getParent().endsWith(UNORDERED);
                    if (word.matcher(line).find() && !isAllowed) {
                        findings.add(source + ":" + number + " \"" + word.pattern() + "\": " + why);
                    }
                });
            }
        }
        return findings;
    }

    /**
     * Vectors that a loop carries and that receive the call which replaces them. C2 does not know the class of such a receiver; it
     * relies on the profile of the JDK's method, and without a good one each step boxes (docs/decisions/0034).
     */
    static List<String> carriedReceivers(final List<Path> sources) {
        final List<String> findings = new ArrayList<>();
        for (final Path source : sources) {
            final String text = String.join("\n", lines(source));
            if (text.contains("jdk.incubator.vector")) {
                final Matcher matcher = CARRIED_RECEIVER.matcher(text);
                while (matcher.find()) {
                    final long line = text.substring(0, matcher.start()).lines().count();
                    findings.add(source + ":" + line + " " + matcher.group(1) + " receives the call that replaces it");
                }
            }
        }
        return findings;
    }

    /** Names of packages and types, and lengths of methods, as the compiler's parser sees them. */
    static List<String> namesAndMethods(final List<Path> sources) {
        final JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        final List<String> findings = new ArrayList<>();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            final Iterable<? extends JavaFileObject> units = files.getJavaFileObjectsFromPaths(sources);
            final JavacTask task = (JavacTask) compiler.getTask(null, files, null, List.of("-proc:none"), null, units);
            final SourcePositions positions = Trees.instance(task).getSourcePositions();
            for (final CompilationUnitTree unit : task.parse()) {
                new Scanner(unit, positions, findings).scan(unit, null);
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        return findings;
    }

    private static List<String> lines(final Path source) {
        try {
            return Files.readAllLines(source);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final class Scanner extends TreeScanner<Void, Void> {
        private final CompilationUnitTree unit;
        private final SourcePositions positions;
        private final List<String> findings;

        Scanner(final CompilationUnitTree unit, final SourcePositions positions, final List<String> findings) {
            this.unit = unit;
            this.positions = positions;
            this.findings = findings;
            for (final String part : String.valueOf(unit.getPackageName()).split("\\.")) {
                if (BANNED_PACKAGE.matcher(part).matches()) {
                    findings.add(file() + ": package named \"" + part + "\"");
                }
            }
        }

        @Override
        public Void visitClass(final ClassTree type, final Void nothing) {
            if (BANNED_TYPE.matcher(type.getSimpleName()).matches()) {
                findings.add(file() + ": type named \"" + type.getSimpleName() + "\" says no job");
            }
            return super.visitClass(type, nothing);
        }

        @Override
        public Void visitMethod(final MethodTree method, final Void nothing) {
            if (method.getBody() != null) {
                final long first = line(positions.getStartPosition(unit, method.getBody()));
                final long last = line(positions.getEndPosition(unit, method.getBody()));
                if (last - first + 1 > METHOD_LINES_MAX) {
                    findings.add(file() + ":" + first + " method " + method.getName() + " has " + (last - first + 1)
                            + " lines, at most " + METHOD_LINES_MAX);
                }
            }
            return super.visitMethod(method, nothing);
        }

        private long line(final long position) {
            return unit.getLineMap().getLineNumber(position);
        }

        private String file() {
            return unit.getSourceFile().getName();
        }
    }
}
