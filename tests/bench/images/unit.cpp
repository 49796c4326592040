namespace n0000 {
struct Key@ {
	int number;
	std::string text;
	bool operator<(const Key@ &other) const { return std::tie(number, text) < std::tie(other.number, other.text); }
};

template <typename Number> struct Sum@ {
	Number total{};
	template <typename Range> Sum@ &add(const Range &range)
	{
		for (const auto &value : range)
			total += static_cast<Number>(value);
		return *this;
	}
};

int n0000_run@(int argc, char **argv)
{
	std::map<Key@, std::vector<int>> lists;
	std::variant<int, double, std::string> last = argc;
	for (int i = 0; i < argc; i++) {
		auto &list = lists[Key@{i, argv[i]}];
		list.push_back(i * @);
		list.push_back(argc);
		std::sort(list.begin(), list.end(), [](int a, int b) { return a % 7 < b % 7; });
		if (list.size() > 3)
			last = std::string(argv[i]);
	}
	Sum@<long> longs;
	Sum@<double> doubles;
	for (const auto &[key, list] : lists) {
		longs.add(list);
		doubles.add(key.text);
	}
	const int kind = std::visit([](const auto &value) -> int { return sizeof value; }, last);
	return kind + static_cast<int>(longs.total) + static_cast<int>(doubles.total);
}
} // namespace n0000

