#pragma once

template <typename T> T largest(T a, T b) {
    if (a < b)          // hit
        return b;   // hit
    return a;       // hit
}

template <typename T> class Counter {
    T sum = 0;

  public:
    Counter &plus(T a) {
        sum += a;       // hit
        return *this;   // hit
    }
    T value() const {
        return sum;     // hit
    }
    T never() const {
        return sum + 1;
    }
};
