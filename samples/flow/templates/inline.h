#pragma once

template <typename T> T largest(T a, T b) {
    if (a < b)          // hit
        return b;
    return a;
}

template <typename T> class Counter {
    T sum = 0;

  public:
    Counter &plus(T a) {
        sum += a;
        return *this;
    }
    T value() const {
        return sum;
    }
    T never() const {
        return sum + 1;
    }
};
